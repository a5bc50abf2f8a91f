//! An echo server on tokio with one thread: a task and a buffer per connection. -sink discards what arrives, and -bulk
//! makes the buffers larger.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn serve(mut conn: TcpStream, sink: bool, size: usize) -> std::io::Result<()> {
    conn.set_nodelay(true)?;
    let mut buffer = vec![0; size];
    loop {
        let n = conn.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        if !sink {
            conn.write_all(&buffer[..n]).await?;
        }
    }
}

fn main() -> std::io::Result<()> {
    let has = |flag: &str| std::env::args().any(|a| a == flag);
    let (sink, size) = (has("-sink"), if has("-bulk") { 64 << 10 } else { 4 << 10 });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on {}", listener.local_addr()?);
        loop {
            let (conn, _) = listener.accept().await?;
            tokio::task::spawn_local(serve(conn, sink, size));
        }
    })
}
