# Runs once, at the first logon of a fresh Windows (or by hand on a prepared disk, as administrator): makes
# it a test machine and lets the agent start with every boot. No driver of ours is touched here.
$ErrorActionPreference = 'Stop'
$root = 'C:\winhost'
New-Item -ItemType Directory -Force -Path $root | Out-Null
Start-Transcript -Path "$root\setup.log" -Append | Out-Null

# Test-signed drivers need this; Secure Boot must be off.
& bcdedit.exe /set testsigning on | Out-Null
# A guest that cannot boot must not wait for a person.
& bcdedit.exe /set '{current}' recoveryenabled no | Out-Null
& bcdedit.exe /set '{current}' bootstatuspolicy ignoreallfailures | Out-Null

# Never sleep by itself; be able to hibernate.
& powercfg.exe /change standby-timeout-ac 0
& powercfg.exe /change monitor-timeout-ac 0
& powercfg.exe /hibernate on

# Small dumps, an NMI gives one, too; then start again.
$crash = 'HKLM:\SYSTEM\CurrentControlSet\Control\CrashControl'
Set-ItemProperty -Path $crash -Name CrashDumpEnabled -Value 3 -Type DWord
Set-ItemProperty -Path $crash -Name NMICrashDump -Value 1 -Type DWord
Set-ItemProperty -Path $crash -Name AutoReboot -Value 1 -Type DWord
Set-ItemProperty -Path $crash -Name AlwaysKeepMemoryDump -Value 1 -Type DWord

# Nothing comes from Windows Update, nothing is in the way of the network tests.
$update = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
New-Item -Force -Path $update | Out-Null
Set-ItemProperty -Path $update -Name NoAutoUpdate -Value 1 -Type DWord
$search = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\DriverSearching'
New-Item -Force -Path $search | Out-Null
Set-ItemProperty -Path $search -Name SearchOrderConfig -Value 0 -Type DWord
Set-NetFirewallProfile -All -Enabled False

# COM1 is the agent's.
& bcdedit.exe /debug off | Out-Null

# The starter stays in the base image; all else comes anew from the payload of each run.
$starter = @'
$root = 'C:\winhost'
$end = (Get-Date).AddSeconds(60)
do {
    $volume = Get-Volume -FileSystemLabel WINHOST -ErrorAction SilentlyContinue | Select-Object -First 1
    if (-not $volume) { Start-Sleep -Seconds 2 }
} until ($volume -or (Get-Date) -gt $end)
if ($volume) {
    $from = $volume.DriveLetter + ':\'
    Copy-Item -Recurse -Force -Path ($from + 'guest') -Destination $root
    Copy-Item -Force -Path ($from + 'plan.json') -Destination $root
    Get-ChildItem -Recurse -File -Path $root | ForEach-Object { $_.IsReadOnly = $false }
    & "$root\guest\Agent.ps1" -Payload $from
} else {
    & "$root\guest\Agent.ps1" -Payload ''
}
'@
Set-Content -Path "$root\Start.ps1" -Value $starter -Encoding Ascii
$action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -ExecutionPolicy Bypass -File $root\Start.ps1"
$trigger = New-ScheduledTaskTrigger -AtStartup
$who = New-ScheduledTaskPrincipal -UserId 'SYSTEM' -LogonType ServiceAccount -RunLevel Highest
$settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 100 -RestartInterval (New-TimeSpan -Minutes 1)
Register-ScheduledTask -Force -TaskName 'winhost' -Action $action -Trigger $trigger -Principal $who -Settings $settings | Out-Null

Stop-Transcript | Out-Null
Restart-Computer -Force
