// Package adapter makes a [bufstrategy.Buffer] an io.Reader, an io.Writer, a bufio.Reader or a
// bufio.Writer, and makes an io.Reader or an io.Writer a socket for [bufstrategy.Fill] and
// [bufstrategy.Flush].
//
// Code that may wait, such as a task or a goroutine that owns the connection, uses a [WaitReader]
// and a [WaitWriter] on the Buffer. They behave like bufio.Reader and bufio.Writer on any strategy,
// and leave waiting to a function. http.ReadRequest, json.Decoder and the like can read from a
// WaitReader. Its ReadMessage method runs the parsers of package message.
//
// Code that must not wait, such as a handler on a loop, uses a [Reader] and a [Writer]. They return
// [ErrEmpty] and [ErrFull] where the others wait. They suit code that wants an io.Reader or
// io.Writer and can resume after such an error.
//
// [FromReader] and [FromWriter] adapt the other end: a net.Conn, or any reader or writer that
// blocks.
//
// # Concurrency
//
// An adapter belongs to one goroutine or one loop, like its Buffer.
package adapter
