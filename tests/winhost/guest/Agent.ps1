# Works off the plan: starts tests as processes of their own, tells the host about them, keeps its place
# across restarts, and lives through network, disk and driver trouble. Runs as SYSTEM from startup on.
param([string] $Payload = '', [string] $Root = 'C:\winhost')

. (Join-Path $PSScriptRoot 'lib\Wire.ps1')
. (Join-Path $PSScriptRoot 'lib\Place.ps1')
. (Join-Path $PSScriptRoot 'lib\Door.ps1')

$placeFile = Join-Path $Root 'place.json'
$outFile = Join-Path $Root 'out.jsonl'
$replyFile = Join-Path $Root 'reply.json'
$plan = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText((Join-Path $Root 'plan.json')))
$place = Get-Place -Path $placeFile -Plan $plan.id

function Save-Here { Save-Place -Path $placeFile -Place $place }

function Send-End {
    param([string] $Verdict, [string] $Text, $Facts = @{})
    Send-Record ([ordered]@{ is = 'end'; test = $place.running; verdict = $Verdict; text = $Text; facts = $Facts })
    $place.running = ''
    $place.expected = $false
    $place.stage = 0
    $place.next++
    Save-Here
}

# What a crash left: the host has it before anything else is tried.
function Send-Dump {
    $since = (Get-Date).AddHours(-1)
    $dumps = @(Get-ChildItem 'C:\Windows\Minidump\*.dmp' -ErrorAction SilentlyContinue | Where-Object { $_.LastWriteTime -gt $since })
    foreach ($dump in $dumps) { Send-File -Name $dump.Name -Path $dump.FullName }
    $dumps.Count
}

function Start-Test {
    param($Test)
    Remove-Item -Force -ErrorAction SilentlyContinue -Path $outFile, $replyFile
    $script:taken = 0
    $arguments = '-NoProfile -ExecutionPolicy Bypass -File "{0}" -Name "{1}" -Stage {2} -Root "{3}" -Payload "{4}"' -f `
        (Join-Path $PSScriptRoot 'Run.ps1'), $Test.name, $place.stage, $Root, $Payload.TrimEnd('\')
    $script:child = Start-Process -FilePath 'powershell.exe' -ArgumentList $arguments -PassThru -WindowStyle Hidden
    $script:until = (Get-Date).AddSeconds([int]$Test.bound)
}

function Stop-Tree {
    param([int] $Id)
    & taskkill.exe /F /T /PID $Id | Out-Null
}

function Send-Leave {
    param([string] $Why)
    $place.expected = $true
    $place.stage++
    Save-Here
    Send-Record ([ordered]@{ is = 'leave'; why = $Why })
    # The UART's buffer goes out.
    Start-Sleep -Seconds 2
    switch ($Why) {
        'reboot' { & shutdown.exe /r /f /t 0 }
        'poweroff' { & shutdown.exe /s /f /t 0 }
        'hibernate' { & shutdown.exe /h }
        # A crash is the test's own; it waits for the word.
        'crash' { Write-Durable -Path $replyFile -Text '{"n":0,"ok":true,"text":"crash"}' }
    }
}

# Lines that the test wrote since the last look.
function Read-Output {
    if (-not (Test-Path -LiteralPath $outFile)) { return @() }
    $stream = [IO.File]::Open($outFile, 'Open', 'Read', 'ReadWrite')
    try {
        $text = (New-Object IO.StreamReader $stream).ReadToEnd()
    } finally {
        $stream.Dispose()
    }
    $whole = $text.LastIndexOf("`n")
    if ($whole -lt 0) { return @() }
    $lines = $text.Substring(0, $whole).Split("`n")
    $fresh = @($lines | Select-Object -Skip $script:taken)
    $script:taken = $lines.Count
    $fresh
}

# One thing that the test asked for.
function Invoke-Wish {
    param([string] $Line)
    try { $wish = ConvertFrom-Json -InputObject $Line } catch { Send-Text $Line; return }
    switch ($wish.do) {
        'say' { Send-Text $wish.text }
        'file' {
            try { Send-File -Name $wish.name -Path $wish.path } catch { Send-Text "file $($wish.path): $_" }
        }
        'want' {
            $place.wants++
            Save-Here
            $script:wanted = $place.wants
            Send-Record ([ordered]@{ is = 'want'; n = $place.wants; what = $wish.what; args = $wish.args })
        }
        'leave' { Send-Leave -Why $wish.why }
        'end' { $script:ending = $wish }
    }
}

# Up to here nothing can be heard. A torn plan or place is said, not swallowed.
$windows = [Environment]::OSVersion.Version.ToString()
$hello = [ordered]@{ is = 'hello'; windows = "Windows $windows"; plan = $plan.id; door = (Open-Door) }
$broken = $place.running -and -not $place.expected
if ($broken) { $hello.broken = $place.running }
Send-Record $hello
if ($broken) {
    $count = Send-Dump
    Send-Text "$($place.running) was cut off; $count dumps"
    $place.running = ''
    $place.stage = 0
    $place.next++
    Save-Here
}

$child = $null
$ending = $null
$wanted = 0
$again = 0
$beats = 0
$nextBeat = Get-Date
while ($true) {
    try {
        if ((Get-Date) -ge $nextBeat) {
            $beats++
            $nextBeat = (Get-Date).AddSeconds(10)
            Send-Record ([ordered]@{ is = 'beat'; door = (Open-Door) })
            Write-Beat -Number $beats
        }
        $answer = Get-Answer
        if ($answer) {
            if ($answer.boot -eq $script:Boot -and $answer.again -ne $again) {
                $again = $answer.again
                Send-Again -From $answer.have
            }
            if ($wanted -and $answer.n -ge $wanted) {
                Write-Durable -Path $replyFile -Text (ConvertTo-WireJson -Value $answer)
                $wanted = 0
            }
        }
        if ($child) {
            # Exited first, read then: what it said last is not missed.
            $over = $child.HasExited
            foreach ($line in (Read-Output)) { Invoke-Wish -Line $line }
            if ($ending) {
                if (-not $over) { $null = $child.WaitForExit(5000) }
                Send-End -Verdict $ending.verdict -Text $ending.text -Facts $ending.facts
                $child = $null
                $ending = $null
            } elseif ($over -and -not $place.expected) {
                Send-End -Verdict 'fail' -Text "the test's process ended with $($child.ExitCode) and said nothing"
                $child = $null
            } elseif ((Get-Date) -gt $script:until) {
                Stop-Tree -Id $child.Id
                Send-End -Verdict 'hang' -Text 'out of time'
                $child = $null
            }
        } elseif ($place.next -lt @($plan.tests).Count) {
            $test = @($plan.tests)[$place.next]
            if (-not $place.running) {
                $place.running = $test.name
                $place.stage = 0
                Send-Record ([ordered]@{ is = 'begin'; test = $test.name })
            }
            $place.expected = $false
            Save-Here
            Start-Test -Test $test
        } else {
            Send-Record @{ is = 'done' }
            Start-Sleep -Seconds 2
            & shutdown.exe /s /f /t 0
            Start-Sleep -Seconds 600
        }
    } catch {
        # An agent that ends is a guest that is silent: say it and go on.
        Send-Text "agent: $_ at $($_.InvocationInfo.PositionMessage)"
    }
    Start-Sleep -Milliseconds 500
}
