// xenstore through the interface of xenpvpci.sys (xenpci/src/policy/doors.rs). C# 5: what Windows brings.
using System;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace WinHost
{
    public sealed class Door : IDisposable
    {
        private static readonly Guid Class = new Guid("0a6b9f52-64e1-4d0c-8f3a-2b1f5c7d9e61");
        private const uint StoreRead = 0x002ae004;
        private const uint StoreWrite = 0x002ae008;
        private const uint Dump = 0x002ae010;
        private const int ValueMax = 4096;

        [DllImport("cfgmgr32.dll", CharSet = CharSet.Unicode)]
        private static extern uint CM_Get_Device_Interface_List_SizeW(out uint length, ref Guid guid, string id, uint flags);

        [DllImport("cfgmgr32.dll", CharSet = CharSet.Unicode)]
        private static extern uint CM_Get_Device_Interface_ListW(ref Guid guid, string id, [Out] char[] buffer, uint length, uint flags);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern SafeFileHandle CreateFileW(string name, uint access, uint share, IntPtr security, uint how, uint flags, IntPtr template);

        [DllImport("kernel32.dll", SetLastError = true)]
        private static extern bool DeviceIoControl(SafeFileHandle handle, uint code, byte[] input, uint inputLength, byte[] output, uint outputLength, out uint returned, IntPtr overlapped);

        private readonly SafeFileHandle handle;

        private Door(SafeFileHandle handle)
        {
            this.handle = handle;
        }

        // Null when the driver is not there or not started.
        public static Door Open()
        {
            Guid guid = Class;
            uint length;
            if (CM_Get_Device_Interface_List_SizeW(out length, ref guid, null, 0) != 0 || length < 2)
            {
                return null;
            }
            char[] buffer = new char[length];
            if (CM_Get_Device_Interface_ListW(ref guid, null, buffer, length, 0) != 0)
            {
                return null;
            }
            string name = new string(buffer, 0, Math.Max(0, Array.IndexOf(buffer, '\0')));
            if (name.Length == 0)
            {
                return null;
            }
            SafeFileHandle handle = CreateFileW(name, 0xc0000000, 3, IntPtr.Zero, 3, 0, IntPtr.Zero);
            return handle.IsInvalid ? null : new Door(handle);
        }

        private byte[] Call(uint code, byte[] input, int room)
        {
            byte[] output = new byte[room];
            uint returned;
            if (!DeviceIoControl(handle, code, input, (uint)input.Length, output, (uint)room, out returned, IntPtr.Zero))
            {
                throw new Win32Exception(Marshal.GetLastWin32Error());
            }
            Array.Resize(ref output, (int)returned);
            return output;
        }

        // Null when there is no such node.
        public string Read(string path)
        {
            try
            {
                return Encoding.UTF8.GetString(Call(StoreRead, Encoding.UTF8.GetBytes(path), ValueMax));
            }
            catch (Win32Exception error)
            {
                // ERROR_FILE_NOT_FOUND: what STATUS_OBJECT_NAME_NOT_FOUND becomes.
                if (error.NativeErrorCode == 2)
                {
                    return null;
                }
                throw;
            }
        }

        public void Write(string path, string value)
        {
            Call(StoreWrite, Encoding.UTF8.GetBytes(path + "\0" + value), 0);
        }

        public void DumpState()
        {
            Call(Dump, new byte[0], 0);
        }

        public void Dispose()
        {
            handle.Dispose();
        }
    }
}
