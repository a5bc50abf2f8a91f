//! An echo server on mio, a hand-written loop with one thread. mio reports edges, so that each connection is read until it
//! would block. -sink discards what arrives.

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use std::io::{ErrorKind, Read, Result, Write};

const LISTENER: Token = Token(usize::MAX);

struct Conn {
    stream: TcpStream,
    pending: Vec<u8>, // not yet taken by the socket
}

impl Conn {
    /// Moves bytes until the socket would block. Returns false when the connection has ended.
    fn serve(&mut self, buffer: &mut [u8], sink: bool) -> Result<bool> {
        loop {
            while !self.pending.is_empty() {
                match self.stream.write(&self.pending) {
                    Ok(n) => drop(self.pending.drain(..n)),
                    Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(true),
                    Err(e) => return Err(e),
                }
            }
            let n = match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(e) => return Err(e),
            };
            if sink {
                continue;
            }
            let written = match self.stream.write(&buffer[..n]) {
                Ok(w) => w,
                Err(e) if e.kind() == ErrorKind::WouldBlock => 0,
                Err(e) => return Err(e),
            };
            self.pending.extend_from_slice(&buffer[written..n]);
        }
    }
}

fn welcome(listener: &TcpListener, registry: &Registry, conns: &mut Vec<Option<Conn>>, free: &mut Vec<usize>) -> Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(e) => return Err(e),
        };
        stream.set_nodelay(true)?;
        let slot = free.pop().unwrap_or_else(|| {
            conns.push(None);
            conns.len() - 1
        });
        registry.register(&mut stream, Token(slot), Interest::READABLE | Interest::WRITABLE)?;
        conns[slot] = Some(Conn { stream, pending: Vec::new() });
    }
}

fn main() -> Result<()> {
    let sink = std::env::args().any(|a| a == "-sink");
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);
    let (mut events, mut buffer) = (Events::with_capacity(256), vec![0; 64 << 10]);
    let (mut conns, mut free): (Vec<Option<Conn>>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        match poll.poll(&mut events, None) {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                welcome(&listener, poll.registry(), &mut conns, &mut free)?;
                continue;
            }
            let slot = event.token().0;
            if let Some(conn) = &mut conns[slot] {
                if !matches!(conn.serve(&mut buffer, sink), Ok(true)) {
                    conns[slot] = None;
                    free.push(slot);
                }
            }
        }
    }
}
