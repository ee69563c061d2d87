// What PowerShell cannot do by itself: raw, unbuffered I/O with a pattern, and a forced stop. C# 5.
using System;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace WinHost
{
    // A file or device without any cache, with a page-aligned buffer, as unbuffered I/O demands.
    public sealed class Raw : IDisposable
    {
        private const uint NoBuffering = 0x20000000;
        private const uint WriteThrough = 0x80000000;

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern SafeFileHandle CreateFileW(string name, uint access, uint share, IntPtr security, uint how, uint flags, IntPtr template);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool SetFilePointerEx(SafeFileHandle handle, long distance, IntPtr position, uint method);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool ReadFile(SafeFileHandle handle, IntPtr buffer, uint bytes, out uint done, IntPtr overlapped);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool WriteFile(SafeFileHandle handle, IntPtr buffer, uint bytes, out uint done, IntPtr overlapped);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool FlushFileBuffers(SafeFileHandle handle);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern IntPtr VirtualAlloc(IntPtr address, UIntPtr size, uint type, uint protect);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool VirtualFree(IntPtr address, UIntPtr size, uint type);

        private readonly SafeFileHandle handle;
        private readonly IntPtr memory;
        private readonly int block;

        public Raw(string path, bool write, int block)
        {
            this.block = block;
            handle = CreateFileW(path, write ? 0xc0000000 : 0x80000000, 3, IntPtr.Zero, 3, NoBuffering | WriteThrough, IntPtr.Zero);
            Check(!handle.IsInvalid);
            memory = VirtualAlloc(IntPtr.Zero, (UIntPtr)(uint)block, 0x3000, 4);
            Check(memory != IntPtr.Zero);
        }

        private static void Check(bool good)
        {
            if (!good)
            {
                throw new Win32Exception(Marshal.GetLastWin32Error());
            }
        }

        public void Write(long offset, byte[] data)
        {
            uint done;
            Marshal.Copy(data, 0, memory, block);
            Check(SetFilePointerEx(handle, offset, IntPtr.Zero, 0));
            Check(WriteFile(handle, memory, (uint)block, out done, IntPtr.Zero));
            if (done != block)
            {
                throw new EndOfStreamException("only " + done + " bytes were written at " + offset);
            }
        }

        public void Read(long offset, byte[] data)
        {
            uint done;
            Check(SetFilePointerEx(handle, offset, IntPtr.Zero, 0));
            Check(ReadFile(handle, memory, (uint)block, out done, IntPtr.Zero));
            if (done != block)
            {
                throw new EndOfStreamException("only " + done + " bytes were read at " + offset);
            }
            Marshal.Copy(memory, data, 0, block);
        }

        public void Flush()
        {
            Check(FlushFileBuffers(handle));
        }

        public void Dispose()
        {
            handle.Dispose();
            if (memory != IntPtr.Zero)
            {
                VirtualFree(memory, UIntPtr.Zero, 0x8000);
            }
        }
    }

    public static class Native
    {
        [DllImport("ntdll.dll")]
        private static extern int RtlAdjustPrivilege(uint privilege, bool enable, bool thread, out bool before);

        [DllImport("ntdll.dll")]
        private static extern int RtlSetProcessIsCritical(bool critical, out bool before, bool check);

        // 64-bit words that say where they belong: a mix of offset and seed.
        public static void Fill(byte[] buffer, long offset, ulong seed)
        {
            for (int at = 0; at < buffer.Length; at += 8)
            {
                ulong word = unchecked((ulong)(offset + at) * 0x9e3779b97f4a7c15UL) ^ seed;
                word ^= word >> 29;
                for (int n = 0; n < 8; n++)
                {
                    buffer[at + n] = (byte)(word >> (8 * n));
                }
            }
        }

        // Index of the first difference, or -1.
        private static int Differs(byte[] one, byte[] other)
        {
            for (int n = 0; n < one.Length; n++)
            {
                if (one[n] != other[n])
                {
                    return n;
                }
            }
            return -1;
        }

        // Writes the pattern from the begin of a device or file, and flushes.
        public static void Write(string path, long bytes, int block, ulong seed)
        {
            byte[] buffer = new byte[block];
            using (Raw raw = new Raw(path, true, block))
            {
                for (long at = 0; at < bytes; at += block)
                {
                    Fill(buffer, at, seed);
                    raw.Write(at, buffer);
                }
                raw.Flush();
            }
        }

        // Offset of the first byte that is not the pattern's, or -1.
        public static long Verify(string path, long bytes, int block, ulong seed)
        {
            byte[] buffer = new byte[block];
            byte[] expected = new byte[block];
            using (Raw raw = new Raw(path, false, block))
            {
                for (long at = 0; at < bytes; at += block)
                {
                    raw.Read(at, buffer);
                    Fill(expected, at, seed);
                    int wrong = Differs(buffer, expected);
                    if (wrong >= 0)
                    {
                        return at + wrong;
                    }
                }
            }
            return -1;
        }

        // SHA-256 of the pattern: what the other side must have.
        public static string Digest(long bytes, int block, ulong seed)
        {
            byte[] buffer = new byte[block];
            using (System.Security.Cryptography.SHA256 hash = System.Security.Cryptography.SHA256.Create())
            {
                for (long at = 0; at < bytes; at += block)
                {
                    Fill(buffer, at, seed);
                    hash.TransformBlock(buffer, 0, block, null, 0);
                }
                hash.TransformFinalBlock(new byte[0], 0, 0);
                return BitConverter.ToString(hash.Hash).Replace("-", "").ToLowerInvariant();
            }
        }

        private static long Stripe(string path, long from, long blocks, int block, int seed, DateTime end)
        {
            Random random = new Random(seed);
            byte[] buffer = new byte[block];
            byte[] back = new byte[block];
            long count = 0;
            using (Raw raw = new Raw(path, true, block))
            {
                while (DateTime.UtcNow < end)
                {
                    long at = (from + random.Next((int)blocks)) * block;
                    Fill(buffer, at, (ulong)random.Next());
                    raw.Write(at, buffer);
                    raw.Read(at, back);
                    int wrong = Differs(buffer, back);
                    if (wrong >= 0)
                    {
                        throw new InvalidDataException("wrong data at " + (at + wrong));
                    }
                    count++;
                }
            }
            return count;
        }

        // Random writes and reads over disjoint stripes of one file, a thread for each, every block verified.
        // Gives the number of blocks; throws with the first error.
        public static long Stress(string path, long bytes, int block, int threads, int seconds)
        {
            DateTime end = DateTime.UtcNow.AddSeconds(seconds);
            long stripe = bytes / block / threads;
            long[] counts = new long[threads];
            Exception[] errors = new Exception[threads];
            Thread[] all = new Thread[threads];
            for (int index = 0; index < threads; index++)
            {
                int mine = index;
                all[index] = new Thread(delegate()
                {
                    try
                    {
                        counts[mine] = Stripe(path, mine * stripe, stripe, block, mine, end);
                    }
                    catch (Exception error)
                    {
                        errors[mine] = error;
                    }
                });
                all[index].Start();
            }
            long total = 0;
            for (int index = 0; index < threads; index++)
            {
                all[index].Join();
                total += counts[index];
            }
            foreach (Exception error in errors)
            {
                if (error != null)
                {
                    throw new InvalidDataException(error.Message, error);
                }
            }
            return total;
        }

        // The end of a critical process stops Windows: CRITICAL_PROCESS_DIED (0xEF).
        public static void StopWindows()
        {
            bool before;
            RtlAdjustPrivilege(20, true, false, out before);
            int status = RtlSetProcessIsCritical(true, out before, false);
            if (status < 0)
            {
                throw new InvalidOperationException("RtlSetProcessIsCritical: 0x" + status.ToString("x8"));
            }
            Environment.Exit(1);
        }
    }
}
