# Records for the host over COM1: lines '@WH1 <boot> <seq> <sum> <json>' (docs/winhost.md).

function ConvertTo-WireJson {
    param([Parameter(Mandatory)] $Value)
    $json = ConvertTo-Json -InputObject $Value -Compress -Depth 6
    # Printable ASCII only; what is escaped already stays as it is.
    [regex]::Replace($json, '[^\x20-\x7e]', { param($match) '\u{0:x4}' -f [int][char]$match.Value })
}

function Get-WireSum {
    param([Parameter(Mandatory)] [string] $Text)
    $hash = [Security.Cryptography.SHA256]::Create()
    try {
        $bytes = $hash.ComputeHash([Text.Encoding]::ASCII.GetBytes($Text))
    } finally {
        $hash.Dispose()
    }
    -join ($bytes[0..3] | ForEach-Object { '{0:x2}' -f $_ })
}

function ConvertTo-WireLine {
    param([string] $Boot, [long] $Seq, [string] $Json)
    $sum = Get-WireSum -Text "$Boot $Seq $Json"
    "@WH1 $Boot $Seq $sum $Json"
}

function Test-WireLine {
    param([string] $Line)
    if ($Line -notmatch '^@WH1 ([0-9a-f]{8}) ([1-9][0-9]*) ([0-9a-f]{8}) (\{.*\})$') { return $false }
    $boot, $seq, $sum, $json = $Matches[1], $Matches[2], $Matches[3], $Matches[4]
    if ($sum -ne (Get-WireSum -Text "$boot $seq $json")) { return $false }
    try {
        $null -ne (ConvertFrom-Json -InputObject $json).is
    } catch {
        $false
    }
}

# Everything that was said in this boot, for when the host asks again.
$script:Said = New-Object System.Collections.Generic.List[string]
$script:Boot = '{0:x8}' -f (Get-Random -Minimum 1 -Maximum ([int]::MaxValue))
$script:Port = $null

function Write-WireLine {
    param([string] $Line)
    foreach ($attempt in 1..2) {
        try {
            if (-not $script:Port) {
                $script:Port = New-Object System.IO.Ports.SerialPort 'COM1', 115200
                $script:Port.WriteTimeout = 20000
                $script:Port.Open()
            }
            # What the firmware left unfinished ends here.
            $script:Port.Write("`r`n$Line`r`n")
            return
        } catch {
            # After a sleep or a migration the handle may be dead.
            if ($script:Port) { $script:Port.Dispose() }
            $script:Port = $null
        }
    }
}

function Send-Record {
    param([Parameter(Mandatory)] [System.Collections.IDictionary] $Record)
    $seq = $script:Said.Count + 1
    $line = ConvertTo-WireLine -Boot $script:Boot -Seq $seq -Json (ConvertTo-WireJson -Value $Record)
    $script:Said.Add($line)
    Write-WireLine -Line $line
}

function Send-Text {
    param([string] $Text)
    Send-Record @{ is = 'say'; text = $Text.Substring(0, [Math]::Min(2000, $Text.Length)) }
}

function Send-File {
    param([string] $Name, [string] $Path)
    # The line takes 11 KB a second: logs go compressed.
    $packed = New-Object IO.MemoryStream
    # A file that another process still writes is read all the same.
    $stream = [IO.File]::Open($Path, 'Open', 'Read', 'ReadWrite')
    try {
        $zip = New-Object IO.Compression.GZipStream $packed, ([IO.Compression.CompressionMode]::Compress), $true
        $stream.CopyTo($zip)
        $zip.Dispose()
    } finally {
        $stream.Dispose()
    }
    $bytes = $packed.ToArray()
    $parts = [int][Math]::Ceiling($bytes.Length / 6000)
    foreach ($part in 0..($parts - 1)) {
        $count = [Math]::Min(6000, $bytes.Length - $part * 6000)
        $data = [Convert]::ToBase64String($bytes, $part * 6000, $count)
        Send-Record ([ordered]@{ is = 'file'; name = "$Name.gz"; part = $part; parts = $parts; data = $data })
    }
}

function Send-Again {
    param([long] $From)
    for ($index = [int]$From; $index -lt $script:Said.Count; $index++) {
        Write-WireLine -Line $script:Said[$index]
    }
}
