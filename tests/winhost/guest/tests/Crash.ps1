# A forced bug check: the dump must be written through our disk driver, and be whole.
function Test-CrashDump {
    if ($Context.Stage -eq 0) {
        Import-Native
        Remove-Item -Force -ErrorAction SilentlyContinue -Path 'C:\Windows\Minidump\*.dmp'
        # All that we wrote is on disk before.
        Write-VolumeCache -DriveLetter C
        Send-Wish ([ordered]@{ do = 'leave'; why = 'crash' })
        $null = Wait-Reply -Seconds 60
        [WinHost.Native]::StopWindows()
    }
    $dump = Wait-Until -Seconds 300 -What 'a dump' -Condition { Get-ChildItem 'C:\Windows\Minidump\*.dmp' -ErrorAction SilentlyContinue | Select-Object -First 1 }
    Send-ToHost -Path $dump.FullName
    $head = New-Object byte[] 64
    $stream = [IO.File]::OpenRead($dump.FullName)
    try { $count = $stream.Read($head, 0, 64) } finally { $stream.Dispose() }
    Assert-That ($count -eq 64 -and [Text.Encoding]::ASCII.GetString($head, 0, 8) -eq 'PAGEDU64') 'the dump has no header'
    $code = [BitConverter]::ToUInt32($head, 56)
    Assert-That ($code -eq 0xEF) ('the dump is of bug check 0x{0:x}, not of ours' -f $code)
    Set-Fact 'bytes' $dump.Length
    Set-Summary 'the dump is there and says CRITICAL_PROCESS_DIED'
}
