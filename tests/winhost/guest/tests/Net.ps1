# The PV network adapter, against the host's end of its bridge.

function Test-NetPing {
    $gateway = Get-Gateway
    $ping = New-Object Net.NetworkInformation.Ping
    foreach ($size in 32, 1400, 8000, 32000) {
        $lost = 0
        foreach ($number in 1..20) {
            $data = New-Object byte[] $size
            $reply = $ping.Send($gateway, 2000, $data)
            if ($reply.Status -ne 'Success' -or $reply.Buffer.Length -ne $size) { $lost++ }
        }
        Set-Fact "lost of $size bytes" $lost
        Assert-That ($lost -le 1) "$lost of 20 pings of $size bytes were lost"
    }
    Set-Summary "pinged $gateway"
}

function Get-Sum {
    param([string] $Path)
    (Get-FileHash -Algorithm SHA256 -LiteralPath $Path).Hash.ToLowerInvariant()
}

# 64 MiB from the host, compared; the same back to the host, compared there.
function Test-NetTransfer {
    $null = Get-XenAdapter
    $url, $sum = (Invoke-Host -What 'serve').Split(' ')
    $file = Join-Path $Context.Root 'blob'
    try {
        foreach ($round in 1..3) {
            $watch = [Diagnostics.Stopwatch]::StartNew()
            (New-Object Net.WebClient).DownloadFile($url, $file)
            Set-Fact "in $round Mbit/s" ([Math]::Round(512 / $watch.Elapsed.TotalSeconds))
            Assert-That ((Get-Sum $file) -eq $sum) "round ${round}: what came is not what the host sent"
        }
    } finally {
        $null = Invoke-Host -What 'unserve'
    }
    $address = (Get-NetIPAddress -AddressFamily IPv4 -InterfaceIndex (Get-XenAdapter).ifIndex | Select-Object -First 1).IPAddress
    $listener = New-Object Net.Sockets.TcpListener ([Net.IPAddress]::Any), 8080
    $listener.Start()
    try {
        $accepted = $listener.AcceptTcpClientAsync()
        Send-Wish ([ordered]@{ do = 'want'; what = 'fetch'; args = @{ url = "http://${address}:8080/blob" } })
        Assert-That ($accepted.Wait(120000)) 'the host did not connect'
        $stream = $accepted.Result.GetStream()
        # The request is the host's own and small: one read takes it.
        $null = $stream.Read((New-Object byte[] 8192), 0, 8192)
        $data = [IO.File]::ReadAllBytes($file)
        $head = [Text.Encoding]::ASCII.GetBytes("HTTP/1.0 200 OK`r`nContent-Length: $($data.Length)`r`n`r`n")
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $stream.Write($head, 0, $head.Length)
        $stream.Write($data, 0, $data.Length)
        $accepted.Result.Close()
        Set-Fact 'out Mbit/s' ([Math]::Round(512 / $watch.Elapsed.TotalSeconds))
    } finally {
        $listener.Stop()
    }
    $reply = Wait-Reply -Seconds 600
    Assert-That $reply.ok "the host could not: $($reply.text)"
    Assert-That ($reply.text -eq $sum) 'what the host got is not what was sent'
    Set-Summary '64 MiB each way, compared'
}

# The adapter is switched off and on, and its offloads are changed, under traffic.
function Test-NetCycle {
    $gateway = Get-Gateway
    $name = (Get-XenAdapter).Name
    foreach ($round in 1..10) {
        Restart-NetAdapter -Name $name
        $null = Get-XenAdapter
        $keyword = ('*LsoV2IPv4', '*TCPChecksumOffloadIPv4', '*UDPChecksumOffloadIPv4', '*RSS')[$round % 4]
        $old = Get-NetAdapterAdvancedProperty -Name $name -RegistryKeyword $keyword -ErrorAction SilentlyContinue
        if ($old) {
            Set-NetAdapterAdvancedProperty -Name $name -RegistryKeyword $keyword -RegistryValue 0
            $null = Get-XenAdapter
            Set-NetAdapterAdvancedProperty -Name $name -RegistryKeyword $keyword -RegistryValue $old.RegistryValue[0]
        }
        $null = Wait-Until -Seconds 120 -What "a ping in round $round" -Condition {
            (New-Object Net.NetworkInformation.Ping).Send($gateway, 1000).Status -eq 'Success'
        }
    }
    Set-Summary 'ten times off and on, and it pings'
}
