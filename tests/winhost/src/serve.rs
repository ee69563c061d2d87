//! A file over HTTP from the host to the guest, and one back: what network tests need beside `ping`.

use std::time::Duration;

use crate::{
    runner::Trouble,
    toolstack::{Args, Done, Toolstack, Vm},
};

/// Bytes of the file, unless the guest wants another size: 64 MiB.
const SIZE: &str = "67108864";
/// The server ends by itself.
const LIFE: &str = "3600";

/// Serves a folder at an address, and writes the port into a file when it listens.
const SERVER: &str = r#"
import functools, http.server, os, sys
ip, folder, port = sys.argv[1:]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
server = http.server.ThreadingHTTPServer((ip, 0), handler)
with open(port + ".part", "w") as file:
    file.write(str(server.server_port))
os.rename(port + ".part", port)
server.serve_forever()
"#;

/// Serves a random file on the bridge's address. Prints URL and SHA-256, when a guest can connect.
const SERVE: &str = r#"
set -e
folder=$0/serve; bridge=$1
ip=$(ip -4 -o addr show "$bridge" | sed -n 's/.* inet \([0-9.]*\).*/\1/p' | head -n 1)
[ -n "$ip" ] || { echo "the bridge $bridge has no IPv4 address" >&2; exit 1; }
mkdir -p "$folder"
head -c "$2" /dev/urandom >"$folder/blob"
setsid timeout "$3" python3 -c "$4" "$ip" "$folder" "$folder.port" >/dev/null 2>"$folder.log" </dev/null &
echo $! >"$folder.pid"
n=0
until [ -s "$folder.port" ]; do
  n=$((n + 1))
  [ $n -le 120 ] && kill -0 "$(cat "$folder.pid")" || { cat "$folder.log" >&2; exit 1; }
  sleep 0.5
done
echo "http://$ip:$(cat "$folder.port")/blob $(sha256sum <"$folder/blob" | cut -d' ' -f1)"
"#;

/// Ends the server of a run; fine when there is none.
const UNSERVE: &str = r#"
if [ -f "$0/serve.pid" ]; then kill -TERM -- "-$(cat "$0/serve.pid")" 2>/dev/null || kill "$(cat "$0/serve.pid")" 2>/dev/null || :; fi
rm -rf "$0/serve" "$0/serve.pid" "$0/serve.port" "$0/serve.log"
"#;

/// Gets a file from the guest. Prints its SHA-256.
const FETCH: &str = "set -e; curl -sSf --max-time 300 -- \"$0\" | sha256sum | cut -d' ' -f1";

/// Does a want of the network tests; `None` when it is another's.
///
/// # Errors
/// [`Trouble`].
pub fn act(stack: &dyn Toolstack, vm: &Vm, what: &str, args: &Args) -> Result<Option<Done>, Trouble> {
    let folder = stack.folder(&vm.run);
    let bound = Duration::from_secs(400);
    let text = match what {
        "serve" => {
            stop(stack, &vm.run)?;
            let small = |text: &&String| text.len() < 9 && text.bytes().all(|byte| byte.is_ascii_digit());
            let size = args.get("bytes").filter(small).map_or(SIZE, String::as_str);
            stack.host().ok_within(&["sh", "-c", SERVE, &folder, &vm.bridge, size, LIFE, SERVER], bound)?
        }
        "unserve" => {
            stop(stack, &vm.run)?;
            String::new()
        }
        "fetch" => {
            let url = args.get("url").map(String::as_str).unwrap_or_default();
            if !url.starts_with("http://") || url.contains(char::is_whitespace) {
                return Err(Trouble::Failed(format!("the guest wants this fetched: {url}")));
            }
            stack.host().ok_within(&["sh", "-c", FETCH, url], bound)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Done::Yes(text.trim().to_owned())))
}

/// Ends the server of a run; fine when there is none.
///
/// # Errors
/// [`Trouble`].
pub fn stop(stack: &dyn Toolstack, run: &str) -> Result<(), Trouble> {
    stack.host().ok(&["sh", "-c", UNSERVE, &stack.folder(run)]).map(drop)
}
