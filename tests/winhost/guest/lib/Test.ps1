# What tests use: to speak to the agent, to ask the host, to go down and come back, to judge.
# $Context (name, stage, root, payload, arguments) and $facts are made by Run.ps1.

$script:Summary = ''

function Send-Wish {
    param([System.Collections.IDictionary] $Wish)
    $json = ConvertTo-Json -InputObject $Wish -Compress -Depth 5
    $stream = [IO.File]::Open((Join-Path $Context.Root 'out.jsonl'), 'Append', 'Write', 'Read')
    try {
        $bytes = [Text.Encoding]::UTF8.GetBytes("$json`n")
        $stream.Write($bytes, 0, $bytes.Length)
    } finally {
        $stream.Dispose()
    }
}

function Write-Log {
    param([string] $Text)
    Send-Wish @{ do = 'say'; text = $Text }
}

function Set-Summary {
    param([string] $Text)
    $script:Summary = $Text
}

function Set-Fact {
    param([string] $Name, $Value)
    $facts[$Name] = [string]$Value
}

function Complete-Test {
    param([string] $Verdict, [string] $Text)
    Send-Wish ([ordered]@{ do = 'end'; verdict = $Verdict; text = $Text; facts = $facts })
}

function Skip-Test {
    param([string] $Why)
    throw "skip: $Why"
}

function Assert-That {
    param([bool] $Condition, [string] $Text)
    if (-not $Condition) { throw $Text }
}

function Send-ToHost {
    param([string] $Path, [string] $Name = (Split-Path -Leaf $Path))
    if (Test-Path -LiteralPath $Path) { Send-Wish ([ordered]@{ do = 'file'; name = $Name; path = $Path }) }
}

# Goes down; the test is called again with the next stage. Does not return.
function Exit-ForRestart {
    param([ValidateSet('reboot', 'poweroff', 'hibernate')] [string] $Why)
    Send-Wish ([ordered]@{ do = 'leave'; why = $Why })
    Start-Sleep -Seconds 3600
}

# Waits for the agent's word, at most so many seconds.
function Wait-Reply {
    param([int] $Seconds)
    $file = Join-Path $Context.Root 'reply.json'
    $end = (Get-Date).AddSeconds($Seconds)
    while ((Get-Date) -lt $end) {
        if (Test-Path -LiteralPath $file) {
            $reply = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file))
            Remove-Item -Force -LiteralPath $file
            return $reply
        }
        Start-Sleep -Milliseconds 500
    }
    throw "no answer from the host within $Seconds s"
}

# Lets the host do something; gives what it says.
function Invoke-Host {
    param([string] $What, [System.Collections.IDictionary] $Arguments = @{}, [int] $Seconds = 600)
    Send-Wish ([ordered]@{ do = 'want'; what = $What; args = $Arguments })
    $reply = Wait-Reply -Seconds $Seconds
    if (-not $reply.ok) {
        if ($reply.text -eq 'unsupported') { Skip-Test "the host's toolstack cannot do this: $What" }
        throw "the host could not: $($reply.text)"
    }
    $reply.text
}

function Wait-Until {
    param([int] $Seconds, [string] $What, [scriptblock] $Condition)
    $end = (Get-Date).AddSeconds($Seconds)
    do {
        $found = & $Condition
        if ($found) { return $found }
        Start-Sleep -Milliseconds 500
    } while ((Get-Date) -lt $end)
    throw "not within $Seconds s: $What"
}

# Runs a program; its exit code must be one of those.
function Invoke-Program {
    param([string] $Path, [string] $Arguments, [int[]] $Good = @(0), [int] $Seconds = 600)
    $process = Start-Process -FilePath $Path -ArgumentList $Arguments -PassThru -WindowStyle Hidden
    # Without this the exit code is not kept.
    $null = $process.Handle
    if (-not $process.WaitForExit($Seconds * 1000)) {
        & taskkill.exe /F /T /PID $process.Id | Out-Null
        throw "$Path did not end within $Seconds s"
    }
    if ($Good -notcontains $process.ExitCode) { throw "$Path $Arguments ended with $($process.ExitCode)" }
    $process.ExitCode
}

function Get-PayloadFile {
    param([string] $Name)
    $path = Join-Path "$($Context.Payload)\" $Name
    if (Test-Path -LiteralPath $path) { $path } else { $null }
}

function Import-Native {
    if (-not ('WinHost.Native' -as [type])) { Add-Type -Path (Join-Path $PSScriptRoot 'Native.cs') }
}

# Our devices that Windows has now.
function Get-XenDevice {
    @(Get-PnpDevice -PresentOnly | Where-Object {
        $_.InstanceId -like 'XENPV\*' -or $_.InstanceId -like 'PCI\VEN_5853&DEV_000[12]*'
    })
}

# The data disk: ours, without partitions of Windows, 4 GiB.
function Get-DataDisk {
    Wait-Until -Seconds 60 -What 'a PV data disk of 4 GiB' -Condition {
        Get-Disk | Where-Object {
            $_.FriendlyName -like 'XENPV PV DISK*' -and -not $_.IsBoot -and -not $_.IsSystem -and $_.Size -eq 4gb
        } | Select-Object -First 1
    }
}

# An NTFS volume on the data disk; gives its root.
function New-DataVolume {
    $disk = Get-DataDisk
    Set-Disk -Number $disk.Number -IsReadOnly $false
    Set-Disk -Number $disk.Number -IsOffline $false
    if ($disk.PartitionStyle -ne 'RAW') { Clear-Disk -Number $disk.Number -RemoveData -RemoveOEM -Confirm:$false }
    Initialize-Disk -Number $disk.Number -PartitionStyle GPT
    $partition = New-Partition -DiskNumber $disk.Number -UseMaximumSize -AssignDriveLetter
    $null = Format-Volume -Partition $partition -FileSystem NTFS -Confirm:$false
    "$($partition.DriveLetter):\"
}

function Get-XenAdapter {
    Wait-Until -Seconds 120 -What 'a PV network adapter that is up' -Condition {
        Get-NetAdapter -Physical | Where-Object { $_.PnPDeviceID -like 'XENPV\*' -and $_.Status -eq 'Up' } | Select-Object -First 1
    }
}

# The host's end of the adapter's network.
function Get-Gateway {
    $adapter = Get-XenAdapter
    $gateway = Wait-Until -Seconds 120 -What 'a default gateway' -Condition {
        (Get-NetIPConfiguration -InterfaceIndex $adapter.ifIndex).IPv4DefaultGateway | Select-Object -First 1
    }
    $gateway.NextHop
}
