# Suspend, migration, sleep, restart: with I/O under way, and compared after.

# Load on the data disk in a process of its own while something happens; every block is compared.
function Invoke-UnderLoad {
    param([string] $What, [System.Collections.IDictionary] $Arguments = @{}, [int] $Times = 3)
    Import-Native
    $root = New-DataVolume
    $file = Join-Path $root 'load.bin'
    [IO.File]::WriteAllBytes($file, (New-Object byte[] 256mb))
    $native = Join-Path $Context.Root 'guest\lib\Native.cs'
    foreach ($round in 1..$Times) {
        $job = Start-Job -ArgumentList $native, $file -ScriptBlock {
            param($Native, $File)
            Add-Type -Path $Native
            [WinHost.Native]::Stress($File, 256mb, 16kb, 4, 60)
        }
        Start-Sleep -Seconds 10
        $null = Invoke-Host -What $What -Arguments $Arguments
        $blocks = Receive-Job -Job $job -Wait -ErrorAction Stop
        Remove-Job -Job $job
        Assert-That ($blocks -gt 0) "round ${round}: no block was written"
        Set-Fact "blocks in round $round" $blocks
        $gateway = Get-Gateway
        $null = Wait-Until -Seconds 60 -What 'a ping' -Condition {
            (New-Object Net.NetworkInformation.Ping).Send($gateway, 1000).Status -eq 'Success'
        }
    }
}

function Test-PowerSuspend {
    Invoke-UnderLoad -What 'suspend'
    Set-Summary 'three times saved and restored under load'
}

function Test-PowerCancelled {
    Invoke-UnderLoad -What 'cancelled-suspend'
    Set-Summary 'three cancelled suspends under load'
}

function Test-PowerMigrate {
    Invoke-UnderLoad -What 'migrate'
    Set-Summary 'three migrations under load'
}

function Test-PowerReboot {
    if ($Context.Stage -lt 3) { Exit-ForRestart 'reboot' }
    Assert-Working
    Set-Summary 'three restarts, and every device works'
}

# Windows itself says that it came back from a sleep state.
function Assert-Woken {
    param([datetime] $Start)
    $null = Wait-Until -Seconds 900 -What 'the event of a return from sleep' -Condition {
        Get-WinEvent -FilterHashtable @{ LogName = 'System'; ProviderName = 'Microsoft-Windows-Power-Troubleshooter'; Id = 1; StartTime = $Start } -MaxEvents 1 -ErrorAction SilentlyContinue
    }
}

# S3: the host wakes us some time after we fell asleep.
function Test-PowerSleep {
    $states = (& powercfg.exe /a) -join "`n"
    Write-Log $states
    $available = ($states -split 'not available')[0]
    if ($available -notmatch '\(S3\)') { Skip-Test 'Windows offers no S3 here' }
    Add-Type -Namespace WinHost -Name Sleep -MemberDefinition '[DllImport("powrprof.dll")] public static extern bool SetSuspendState(bool hibernate, bool force, bool disableWake);'
    Send-Wish ([ordered]@{ do = 'want'; what = 'wake'; args = @{ after = '30' } })
    # The agent needs a moment to pass that on.
    Start-Sleep -Seconds 5
    $start = Get-Date
    Assert-That ([WinHost.Sleep]::SetSuspendState($false, $false, $false)) 'Windows refused to sleep'
    $reply = Wait-Reply -Seconds 120
    Assert-That $reply.ok "the host could not: $($reply.text)"
    Assert-Woken -Start $start
    Assert-Working
    Set-Summary 'slept and woke'
}

# S4: the host starts us again from the hibernation file, which our disk driver wrote.
function Test-PowerHibernate {
    if ($Context.Stage -eq 0) {
        $states = (& powercfg.exe /a) -join "`n"
        if (($states -split 'not available')[0] -notmatch 'Hibernate') { Skip-Test 'Windows offers no hibernation here' }
        $mark = Join-Path $Context.Root 'hibernate.txt'

        $secret = [guid]::NewGuid().ToString()
        Set-Content -Path $mark -Value $secret -Encoding Ascii
        Send-Wish ([ordered]@{ do = 'leave'; why = 'hibernate' })
        # This process itself comes back: it is the proof that memory was restored.
        Assert-Woken -Start (Get-Date)
        Assert-That ((Get-Content -Path $mark) -eq $secret) 'the disk has not what was written before'
        Assert-Working
        Set-Summary 'hibernated, and memory came back'
        return
    }
    throw 'Windows started anew instead of coming back from its hibernation file'
}
