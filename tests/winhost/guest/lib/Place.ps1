# Where the guest is in its plan. It is on disk before anything depends on it: the next moment may be a crash.

function Write-Durable {
    param([string] $Path, [string] $Text)
    $part = "$Path.part"
    $bytes = [Text.Encoding]::ASCII.GetBytes($Text)
    $stream = [IO.File]::Open($part, 'Create', 'Write', 'None')
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
    if (Test-Path -LiteralPath $Path) {
        # $null would become an empty name.
        [IO.File]::Replace($part, $Path, [NullString]::Value)
    } else {
        [IO.File]::Move($part, $Path)
    }
}

function New-Place {
    param([string] $Plan)
    # next: index of the next test. running: its name while it runs. expected: the machine went down because
    # the test wanted it. stage: how often it did. wants: number of the last want.
    [pscustomobject]@{ plan = $Plan; next = 0; running = ''; expected = $false; stage = 0; wants = 0 }
}

function Get-Place {
    param([string] $Path, [string] $Plan)
    try {
        $place = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($Path))
        if ($place.plan -eq $Plan) { return $place }
    } catch {
        # None yet, or torn: the plan begins anew.
        Write-Verbose "no place: $_"
    }
    New-Place -Plan $Plan
}

function Save-Place {
    param([string] $Path, $Place)
    Write-Durable -Path $Path -Text (ConvertTo-Json -InputObject $Place -Compress)
}
