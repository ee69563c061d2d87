# The host's answers, through our own bus driver where it runs.

$script:Door = $null

function Open-Door {
    if ($script:Door) { return $true }
    try {
        if (-not ('WinHost.Door' -as [type])) {
            Add-Type -Path (Join-Path $PSScriptRoot 'Door.cs')
        }
        $script:Door = [WinHost.Door]::Open()
    } catch {
        $script:Door = $null
    }
    $null -ne $script:Door
}

function Close-Door {
    if ($script:Door) { $script:Door.Dispose() }
    $script:Door = $null
}

# $null when there is no door or no answer.
function Get-Answer {
    if (-not (Open-Door)) { return $null }
    try {
        $text = $script:Door.Read('data/winhost/host')
        if ($text) { ConvertFrom-Json -InputObject $text } else { $null }
    } catch {
        # The device may have been stopped under us: a test of ours does that.
        Close-Door
        $null
    }
}

function Write-Beat {
    param([long] $Number)
    if (-not (Open-Door)) { return }
    try {
        $script:Door.Write('data/winhost/beat', [string]$Number)
    } catch {
        Close-Door
    }
}
