# Driver Verifier. A violation is a bug check: the agent reports it as a crash of the test that ran.

$script:OurDrivers = 'xenpvpci.sys', 'xenpvvbd.sys', 'xenpvnet.sys'

function Test-VerifierSet {
    if ($Context.Stage -eq 0) {
        $null = Invoke-Program -Path 'verifier.exe' -Arguments '/reset' -Good 0, 2
        $flags = $Context.Args.flags
        # Storport's own verifier goes with the standard settings.
        $storport = 'HKLM:\SYSTEM\CurrentControlSet\Control\StorPort\Verifier'
        New-Item -Force -Path $storport | Out-Null
        Set-ItemProperty -Path $storport -Name VerifyLevel -Value 1 -Type DWord
        # 2: done, effective after a restart.
        $code = Invoke-Program -Path 'verifier.exe' -Arguments "$flags /driver $($script:OurDrivers -join ' ')" -Good 0, 2
        Write-Log "verifier $flags ended with $code"
        Exit-ForRestart 'reboot'
    }
    Assert-Verified
    Set-Summary "verifier runs with $($Context.Args.flags)"
}

# All of our drivers are being verified, by what Windows itself says.
function Assert-Verified {
    $state = (& verifier.exe /query) -join "`n"
    Write-Log $state
    foreach ($driver in $script:OurDrivers) {
        Assert-That ($state -match [regex]::Escape($driver)) "verifier does not know $driver"
    }
}

function Test-VerifierCheck {
    Assert-Verified
    $file = Join-Path $Context.Root 'verifier.txt'
    & verifier.exe /query | Set-Content -Path $file -Encoding Ascii
    Send-ToHost -Path $file -Name (($Context.Name -replace '[^A-Za-z0-9]', '-') + '.txt')
    $checks = Get-WinEvent -FilterHashtable @{ LogName = 'System'; Id = 1001; ProviderName = 'Microsoft-Windows-WER-SystemErrorReporting'; StartTime = (Get-Date).AddHours(-2) } -ErrorAction SilentlyContinue
    Assert-That (@($checks).Count -eq 0) "Windows stopped: $(@($checks)[0].Message)"
    Set-Summary 'still verified, and no bug check'
}

function Test-VerifierOff {
    if ($Context.Stage -eq 0) {
        $null = Invoke-Program -Path 'verifier.exe' -Arguments '/reset' -Good 0, 2
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\StorPort\Verifier'
        Exit-ForRestart 'reboot'
    }
    $state = (& verifier.exe /query) -join "`n"
    foreach ($driver in $script:OurDrivers) {
        Assert-That ($state -notmatch [regex]::Escape($driver)) "verifier still knows $driver"
    }
    Set-Summary 'verifier is off'
}
