# One test in a process of its own. It tells the agent what it does and needs by lines in out.jsonl.
param([string] $Name, [int] $Stage, [string] $Root, [string] $Payload)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'lib\Test.ps1')
foreach ($file in Get-ChildItem (Join-Path $PSScriptRoot 'tests\*.ps1')) { . $file.FullName }
. (Join-Path $PSScriptRoot 'selftest\Selftest.ps1')

$plan = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText((Join-Path $Root 'plan.json')))
$test = @($plan.tests) | Where-Object { $_.name -eq $Name } | Select-Object -First 1
$Context = [pscustomobject]@{ Name = $Name; Stage = $Stage; Root = $Root; Payload = $Payload; Args = $test.args }
$facts = @{}
try {
    $function = 'Test-' + -join ($test.run.Split('.') | ForEach-Object { $_.Substring(0, 1).ToUpperInvariant() + $_.Substring(1) })
    & $function | ForEach-Object { Write-Log ([string]$_) }
    Complete-Test -Verdict 'pass' -Text $script:Summary
} catch {
    $text = $_.Exception.Message
    if ($text.StartsWith('skip: ')) {
        Complete-Test -Verdict 'skip' -Text $text.Substring(6)
    } else {
        Write-Log ($_.InvocationInfo.PositionMessage)
        Complete-Test -Verdict 'fail' -Text $text
    }
}
