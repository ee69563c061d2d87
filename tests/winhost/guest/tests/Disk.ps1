# The PV data disk. Content is compared at the other side, or after a restart of the device.

# A pattern written raw is what the host finds in the disk's file.
function Test-DiskContent {
    Import-Native
    $disk = Get-DataDisk
    Set-Disk -Number $disk.Number -IsOffline $true -ErrorAction SilentlyContinue
    $path = "\\.\PhysicalDrive$($disk.Number)"
    $bytes = 256mb
    $seed = [uint64](Get-Random -Minimum 1 -Maximum ([int]::MaxValue))
    foreach ($block in 4kb, 64kb, 1mb) {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        [WinHost.Native]::Write($path, $bytes, $block, $seed)
        Set-Fact "write $block MiB/s" ([Math]::Round(256 / $watch.Elapsed.TotalSeconds))
        $watch.Restart()
        $wrong = [WinHost.Native]::Verify($path, $bytes, $block, $seed)
        Set-Fact "read $block MiB/s" ([Math]::Round(256 / $watch.Elapsed.TotalSeconds))
        Assert-That ($wrong -lt 0) "blocks of ${block}: wrong data at $wrong"
        $seed++
    }
    $there = Invoke-Host -What 'data-sum' -Arguments @{ bytes = [string]$bytes }
    $here = [WinHost.Native]::Digest($bytes, 1mb, $seed - 1)
    Assert-That ($there -eq $here) "the host has $there, it was $here that was written"
    Set-Summary 'the host has what was written'
}

# A flush is answered, and data that was flushed is there after the device was taken away.
function Test-DiskFlush {
    Import-Native
    $root = New-DataVolume
    $file = Join-Path $root 'flush.bin'
    [IO.File]::WriteAllBytes($file, (New-Object byte[] 16mb))
    [WinHost.Native]::Write($file, 16mb, 64kb, 77)
    $stream = [IO.File]::Open($file, 'Open', 'ReadWrite')
    $watch = [Diagnostics.Stopwatch]::StartNew()
    try {
        foreach ($round in 1..200) {
            $stream.Position = $round * 4096
            $stream.WriteByte([byte]($round % 251))
            $stream.Flush($true)
        }
    } finally {
        $stream.Dispose()
    }
    Set-Fact 'flushes/s' ([Math]::Round(200 / $watch.Elapsed.TotalSeconds))
    $disk = Get-DataDisk
    Set-Disk -Number $disk.Number -IsOffline $true
    Set-Disk -Number $disk.Number -IsOffline $false
    $bytes = [IO.File]::ReadAllBytes($file)
    foreach ($round in 1..200) {
        Assert-That ($bytes[$round * 4096] -eq ($round % 251)) "write $round was lost"
    }
    Set-Summary '200 flushed writes are there'
}

# NTFS: many files, directories, renames, sparse and compressed files, then chkdsk.
function Test-DiskFilesystem {
    $root = New-DataVolume
    $random = New-Object Random 1
    $sums = @{}
    foreach ($number in 1..500) {
        $folder = Join-Path $root ('d{0}' -f ($number % 20))
        $null = New-Item -ItemType Directory -Force -Path $folder
        $data = New-Object byte[] $random.Next(1, 300000)
        $random.NextBytes($data)
        $path = Join-Path $folder "f$number"
        [IO.File]::WriteAllBytes($path, $data)
        if ($number % 7 -eq 0) { Rename-Item -Path $path -NewName "g$number"; $path = Join-Path $folder "g$number" }
        if ($number % 11 -eq 0) { $null = Invoke-Program -Path 'compact.exe' -Arguments "/C /Q `"$path`"" }
        if ($number % 13 -eq 0) { Remove-Item -Force -Path $path } else { $sums[$path] = [Convert]::ToBase64String([Security.Cryptography.SHA256]::Create().ComputeHash($data)) }
    }
    $disk = Get-DataDisk
    Set-Disk -Number $disk.Number -IsOffline $true
    Set-Disk -Number $disk.Number -IsOffline $false
    foreach ($path in $sums.Keys) {
        $found = [Convert]::ToBase64String([Security.Cryptography.SHA256]::Create().ComputeHash([IO.File]::ReadAllBytes($path)))
        Assert-That ($found -eq $sums[$path]) "$path has changed"
    }
    $null = Invoke-Program -Path 'chkdsk.exe' -Arguments "$($root.Substring(0, 2))"
    Set-Fact 'files' $sums.Count
    Set-Summary 'all files are whole, and chkdsk finds nothing'
}

# TRIM is sent, and the rest of the volume stays.
function Test-DiskTrim {
    Import-Native
    $root = New-DataVolume
    $kept = Join-Path $root 'kept.bin'
    $gone = Join-Path $root 'gone.bin'
    foreach ($file in $kept, $gone) { [IO.File]::WriteAllBytes($file, (New-Object byte[] 64mb)); [WinHost.Native]::Write($file, 64mb, 1mb, 5) }
    Remove-Item -Force -Path $gone
    try {
        Optimize-Volume -DriveLetter $root.Substring(0, 1) -ReTrim -ErrorAction Stop
    } catch {
        Skip-Test "the disk has no TRIM here: $_"
    }
    Assert-That ([WinHost.Native]::Verify($kept, 64mb, 1mb, 5) -lt 0) 'TRIM took data that was in use'
    Set-Summary 'trimmed, and what was in use is whole'
}

# Ten minutes of load: diskspd where it was supplied, else our own threads; the latter compare every block.
function Test-DiskStress {
    Import-Native
    $root = New-DataVolume
    $file = Join-Path $root 'stress.bin'
    [IO.File]::WriteAllBytes($file, (New-Object byte[] 1gb))
    $spd = Get-PayloadFile 'extras\diskspd.exe'
    if ($spd) {
        $text = & $spd '-b4K' '-d120' '-o32' '-t4' '-r' '-w50' '-Sh' '-L' $file
        $log = Join-Path $Context.Root 'diskspd.txt'
        $text | Set-Content -Path $log -Encoding Ascii
        Send-ToHost -Path $log
        Assert-That ($LASTEXITCODE -eq 0) "diskspd ended with $LASTEXITCODE"
    }
    foreach ($block in 4kb, 64kb) {
        $blocks = [WinHost.Native]::Stress($file, 1gb, $block, 8, 240)
        Set-Fact "blocks of $block" $blocks
        Assert-That ($blocks -gt 0) 'nothing was written'
    }
    Set-Summary 'every block that was read is the one written last'
}
