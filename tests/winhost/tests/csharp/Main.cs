// Prints what the pattern of Native.cs is, for the crate's test to compare.
public static class Program
{
    public static void Main()
    {
        System.Console.WriteLine(WinHost.Native.Digest(1 << 20, 4096, 7));
        System.Console.WriteLine(WinHost.Native.Digest(1 << 20, 65536, 7));
        System.Console.WriteLine(WinHost.Native.Digest(1 << 20, 4096, 8));
    }
}
