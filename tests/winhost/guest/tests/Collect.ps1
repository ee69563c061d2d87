# What people want to see afterwards: event logs, driver store, devices, verifier, setup log.
function Test-Collect {
    $folder = Join-Path $Context.Root 'collected'
    $null = New-Item -ItemType Directory -Force -Path $folder
    $end = (Get-Date)
    Get-WinEvent -FilterHashtable @{ LogName = 'System'; Level = 1, 2, 3; StartTime = $end.AddDays(-1) } -MaxEvents 500 -ErrorAction SilentlyContinue |
        Select-Object -Property 'TimeCreated', 'ProviderName', 'Id', 'LevelDisplayName', 'Message' |
        Format-List | Out-String -Width 300 | Set-Content -Path "$folder\events.txt" -Encoding Ascii
    # The binary form, for Event Viewer.
    & wevtutil.exe epl System "$folder\system.evtx" "/q:*[System[Provider[@Name='xenpvpci' or @Name='xenpvvbd' or @Name='xenpvnet']]]" /ow:true
    & pnputil.exe /enum-drivers | Set-Content -Path "$folder\pnputil.txt" -Encoding Ascii
    Get-XenDevice | Format-List -Property 'InstanceId', 'FriendlyName', 'Status', 'Problem', 'Service' | Out-String | Set-Content -Path "$folder\devices.txt" -Encoding Ascii
    & verifier.exe /query | Set-Content -Path "$folder\verifier.txt" -Encoding Ascii
    Get-NetAdapter | Format-List * | Out-String -Width 300 | Set-Content -Path "$folder\adapters.txt" -Encoding Ascii
    foreach ($file in Get-ChildItem -File $folder) {
        if ($file.Length -lt 8mb) { Send-ToHost -Path $file.FullName }
    }
    # Warnings of our drivers are no failure, errors are.
    $errors = @(Get-WinEvent -FilterHashtable @{ LogName = 'System'; ProviderName = 'xenpvpci', 'xenpvvbd', 'xenpvnet'; Level = 1, 2 } -ErrorAction SilentlyContinue)
    Set-Fact 'errors in the event log' $errors.Count
    Assert-That ($errors.Count -eq 0) "our drivers logged $($errors.Count) errors, the last: $(@($errors)[0].Message)"
    Set-Summary 'collected; our drivers logged no error'
}
