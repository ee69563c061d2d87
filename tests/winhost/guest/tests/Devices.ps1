# Devices that come, go, and are switched off.

# Disable and enable what is not in use by Windows itself.
function Test-PnpCycle {
    $targets = @(Get-XenDevice | Where-Object { $_.InstanceId -like 'XENPV\VIF*' })
    $data = Get-CimInstance Win32_DiskDrive | Where-Object { $_.Index -eq (Get-DataDisk).Number }
    $targets += @(Get-PnpDevice -PresentOnly | Where-Object { $_.InstanceId -eq $data.PNPDeviceID })
    foreach ($target in $targets) {
        foreach ($round in 1..5) {
            Disable-PnpDevice -InstanceId $target.InstanceId -Confirm:$false
            Enable-PnpDevice -InstanceId $target.InstanceId -Confirm:$false
            $null = Wait-Until -Seconds 60 -What "$($target.InstanceId) to work in round $round" -Condition {
                (Get-PnpDevice -InstanceId $target.InstanceId).Status -eq 'OK'
            }
        }
    }
    $null = Get-DataDisk
    Set-Fact 'devices' $targets.Count
    Set-Summary 'each five times off and on'
}

function Test-HotplugDisk {
    Import-Native
    foreach ($round in 1..3) {
        $before = @(Get-Disk).Number
        $null = Invoke-Host -What 'attach-disk'
        $disk = Wait-Until -Seconds 60 -What 'the new disk' -Condition { Get-Disk | Where-Object { $before -notcontains $_.Number } | Select-Object -First 1 }
        $path = "\\.\PhysicalDrive$($disk.Number)"
        [WinHost.Native]::Write($path, 32mb, 64kb, 9)
        Assert-That ([WinHost.Native]::Verify($path, 32mb, 64kb, 9) -lt 0) 'the new disk reads wrong data'
        $null = Invoke-Host -What 'detach-disk'
        $null = Wait-Until -Seconds 60 -What 'the disk to go' -Condition { -not (Get-Disk -Number $disk.Number -ErrorAction SilentlyContinue) }
    }
    Set-Summary 'three times in and out'
}

function Test-HotplugNic {
    foreach ($round in 1..3) {
        $before = @(Get-NetAdapter -Physical).InterfaceGuid
        $null = Invoke-Host -What 'attach-nic'
        $nic = Wait-Until -Seconds 120 -What 'the new adapter' -Condition {
            Get-NetAdapter -Physical | Where-Object { $before -notcontains $_.InterfaceGuid -and $_.PnPDeviceID -like 'XENPV\*' -and $_.Status -eq 'Up' } | Select-Object -First 1
        }
        $null = Invoke-Host -What 'detach-nic'
        $null = Wait-Until -Seconds 60 -What 'the adapter to go' -Condition {
            -not (Get-NetAdapter -Physical | Where-Object { $_.InterfaceGuid -eq $nic.InterfaceGuid })
        }
    }
    Set-Summary 'three times in and out'
}
