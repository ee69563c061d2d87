# The MSI, by the contract of installer/README.md: exit codes 0 (done), 3010 (done, restart), 1603 (undone).

function Import-TestCertificate {
    $file = Get-PayloadFile 'payload\test.cer'
    if (-not $file) { return }
    foreach ($store in 'Root', 'TrustedPublisher') {
        $null = Invoke-Program -Path 'certutil.exe' -Arguments "-addstore -f $store `"$file`""
    }
}

function Invoke-Msi {
    param([string] $Arguments, [string] $Log)
    $path = Join-Path $Context.Root $Log
    try {
        Invoke-Program -Path 'msiexec.exe' -Arguments "$Arguments /qn /norestart REBOOT=ReallySuppress /l*v `"$path`"" -Good 0, 3010 -Seconds 600
    } finally {
        Send-ToHost -Path $path
        Send-ToHost -Path 'C:\Windows\INF\setupapi.dev.log'
    }
}

# Installs and restarts in the first stage, looks in the second.
function Install-Msi {
    param([string] $File)
    if ($Context.Stage -eq 0) {
        $msi = Get-PayloadFile $File
        if (-not $msi) { Skip-Test "no $File was supplied" }
        Import-TestCertificate
        $code = Invoke-Msi -Arguments "/i `"$msi`"" -Log ($Context.Name -replace '[^A-Za-z0-9]', '-')
        Write-Log "msiexec ended with $code"
        Exit-ForRestart 'reboot'
    }
    Assert-Working
}

# Every device of ours works, and there is at least the bus.
function Assert-Working {
    $devices = Wait-Until -Seconds 120 -What 'a Xen platform device with our driver' -Condition {
        $found = Get-XenDevice
        if ($found | Where-Object { $_.InstanceId -like 'PCI\*' -and $_.Status -eq 'OK' }) { , $found }
    }
    foreach ($device in $devices) {
        $problem = (Get-PnpDeviceProperty -InstanceId $device.InstanceId -KeyName 'DEVPKEY_Device_ProblemCode' -ErrorAction SilentlyContinue).Data
        Write-Log "$($device.InstanceId): $($device.Status) $problem"
        Assert-That ($device.Status -eq 'OK') "$($device.InstanceId) has problem $problem"
    }
    Set-Fact 'devices' @($devices).Count
}

function Test-InstallMsi {
    Install-Msi 'payload\xenpv.msi'
    Set-Summary 'installed, restarted, and every device works'
}

function Test-InstallOld {
    Install-Msi 'payload\xenpv-old.msi'
    Set-Summary 'the older version works'
}

function Test-InstallState {
    Assert-Working
    foreach ($service in 'xenpvpci', 'xenpvvbd', 'xenpvnet') {
        $found = Get-CimInstance Win32_SystemDriver -Filter "Name='$service'"
        Assert-That ($null -ne $found) "there is no service $service"
        Write-Log "$service $($found.State) $($found.StartMode) $($found.PathName)"
        Assert-That ($found.State -eq 'Running') "$service is $($found.State)"
    }
    $drivers = @(Get-CimInstance Win32_PnPSignedDriver | Where-Object { $_.InfName -and $_.DeviceID -match '^(XENPV\\|PCI\\VEN_5853&DEV_000[12])' })
    foreach ($driver in $drivers) { Set-Fact $driver.DeviceName $driver.DriverVersion }
    # No emulated disk may be left beside a PV one that is in use.
    $system = Get-Disk | Where-Object { $_.IsSystem }
    Set-Fact 'system disk' $system.FriendlyName
    Set-Summary "all three drivers run; the system disk is $($system.FriendlyName)"
}

function Test-InstallRemove {
    if ($Context.Stage -eq 0) {
        $msi = Get-PayloadFile 'payload\xenpv.msi'
        if (-not $msi) { Skip-Test 'no MSI was supplied' }
        $code = Invoke-Msi -Arguments "/x `"$msi`"" -Log 'remove.log'
        Write-Log "msiexec ended with $code"
        Exit-ForRestart 'reboot'
    }
    # The rest is left to a service that removes itself (installer/README.md); it may restart once more.
    Wait-Until -Seconds 600 -What 'the end of the removal' -Condition {
        -not (Test-Path -LiteralPath "$env:ProgramFiles\XenPV Boot")
    } | Out-Null
    Set-Summary 'removed, and Windows starts'
}

function Test-InstallGone {
    foreach ($service in 'xenpvpci', 'xenpvvbd', 'xenpvnet') {
        $found = Get-CimInstance Win32_SystemDriver -Filter "Name='$service'"
        Assert-That ($null -eq $found) "service $service is still there"
        Assert-That (-not (Test-Path -LiteralPath "C:\Windows\System32\drivers\$service.sys")) "$service.sys is still there"
    }
    $left = & pnputil.exe /enum-drivers | Select-String -Pattern 'xenpv(pci|vbd|net)\.inf'
    Assert-That ($null -eq $left) "the driver store still has $left"
    Assert-That (-not (Test-Path -LiteralPath 'C:\Program Files\XenPV')) 'C:\Program Files\XenPV is still there'
    Set-Summary 'nothing of ours is left'
}
