# Device Fundamentals tests of the WDK, run by TAEF without a controller. Both come from the user: extras\taef
# has Te.exe, and extras\taef\devfund the test DLLs with what they need (WDTF).
function Test-DevfundRun {
    $te = Get-PayloadFile 'extras\taef\Te.exe'
    $library = Get-PayloadFile ('extras\taef\devfund\' + $Context.Args.library)
    if (-not $te) { Skip-Test 'TAEF was not supplied (extras\taef\Te.exe)' }
    if (-not $library) { Skip-Test "$($Context.Args.library) was not supplied (extras\taef\devfund)" }
    $state = Join-Path $Context.Root 'taef-reboot.xml'
    $log = Join-Path $Context.Root 'taef.txt'
    if ($Context.Stage -eq 0) { Remove-Item -Force -ErrorAction SilentlyContinue -Path $state, $log }
    $devices = @(Get-XenDevice | ForEach-Object { "DeviceID='{0}'" -f $_.InstanceId })
    $query = $devices -join ' OR '
    $arguments = @("$library", "/name:*$($Context.Args.method)*", "/p:DQ=$query", "/RebootStateFile:$state", '/enableWttLogging-')
    # A word on standard error is no failure: the summary tells.
    $ErrorActionPreference = 'Continue'
    & $te @arguments *>> $log
    $code = $LASTEXITCODE
    $ErrorActionPreference = 'Stop'
    $text = [IO.File]::ReadAllText($log)
    # TAEF asks for a restart and goes on behind it with the same state file.
    if (Test-Path -LiteralPath $state) { Exit-ForRestart 'reboot' }
    Send-ToHost -Path $log -Name (($Context.Name -replace '[^A-Za-z0-9]', '-') + '.txt')
    $summary = [regex]::Matches($text, 'Summary:\s*Total=(\d+), Passed=(\d+), Failed=(\d+), Blocked=(\d+)')
    Assert-That ($summary.Count -gt 0) "TAEF ended with $code and gave no summary"
    $last = $summary[$summary.Count - 1]
    foreach ($pair in @(('total', 1), ('passed', 2), ('failed', 3), ('blocked', 4))) { Set-Fact $pair[0] $last.Groups[$pair[1]].Value }
    Assert-That ([int]$last.Groups[1].Value -gt 0) 'TAEF found no such test'
    Assert-That ($last.Groups[3].Value -eq '0' -and $last.Groups[4].Value -eq '0') $last.Value
    Set-Summary $last.Value
}
