# The scripts test themselves: first in every suite, on the PowerShell that runs the rest.
function Test-Selftest {
    . (Join-Path $PSScriptRoot '..\lib\Wire.ps1')
    . (Join-Path $PSScriptRoot '..\lib\Place.ps1')
    $count = 0
    foreach ($line in [IO.File]::ReadAllLines((Join-Path $PSScriptRoot 'vectors.txt'))) {
        if (-not $line -or $line.StartsWith('#')) { continue }
        $kind, $text = $line.Split([char]9)
        Assert-That ((Test-WireLine -Line $text) -eq ($kind -eq 'good')) "a $kind line is taken for the other: $text"
        $count++
    }
    Assert-That ($count -ge 8) "only $count lines in vectors.txt"

    # What we make is what we take, whatever the text.
    $texts = 'plain', "tab`tquote`"backslash\", ('umlaut ' + [char]0xe4 + ' ' + [char]0x4e2d), ''
    foreach ($text in $texts) {
        $json = ConvertTo-WireJson -Value ([ordered]@{ is = 'say'; text = $text })
        Assert-That ($json -match '^[\x20-\x7e]+$') "not ASCII: $json"
        Assert-That (Test-WireLine -Line (ConvertTo-WireLine -Boot '0123abcd' -Seq 3 -Json $json)) "not a line: $json"
        Assert-That ((ConvertFrom-Json -InputObject $json).text -ceq $text) "another text: $json"
    }

    # A place survives, another plan's does not, and neither does a torn one.
    $file = Join-Path $Context.Root 'selftest.json'
    $place = New-Place -Plan 'a'
    $place.next = 5
    $place.running = 'x.y'
    Save-Place -Path $file -Place $place
    Save-Place -Path $file -Place $place
    $back = Get-Place -Path $file -Plan 'a'
    Assert-That ($back.next -eq 5 -and $back.running -eq 'x.y') 'the place was not kept'
    Assert-That ((Get-Place -Path $file -Plan 'b').next -eq 0) 'the place of another plan was taken'
    [IO.File]::WriteAllText($file, '{"plan":"a","ne')
    Assert-That ((Get-Place -Path $file -Plan 'a').next -eq 0) 'a torn place was taken'
    Remove-Item -Force -LiteralPath $file

    # The pattern tells a wrong byte.
    Import-Native
    $data = Join-Path $Context.Root 'selftest.bin'
    [IO.File]::WriteAllBytes($data, (New-Object byte[] 65536))
    [WinHost.Native]::Write($data, 65536, 4096, 7)
    Assert-That ([WinHost.Native]::Verify($data, 65536, 4096, 7) -eq -1) 'the pattern is not what was written'
    $bytes = [IO.File]::ReadAllBytes($data)
    $bytes[40000] = $bytes[40000] -bxor 1
    [IO.File]::WriteAllBytes($data, $bytes)
    Assert-That ([WinHost.Native]::Verify($data, 65536, 4096, 7) -eq 40000) 'a wrong byte was not found'
    Remove-Item -Force -LiteralPath $data
    Set-Summary "$count lines, texts, places and patterns are right"
}
