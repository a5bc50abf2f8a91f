package main

import (
	"bytes"
	"net/http"
	"os"
	"time"
)

var (
	getPrefix = []byte("GET ")
	version11 = []byte(" HTTP/1.1")
)

// targetOf returns the target of a request that is a GET without a body and without a condition, in
// the only form that needs no parser: the line has no part but the target that varies, and no field
// has a meaning for a server of files. Package net/http has to accept such a request if it accepted
// the target in another one.
func targetOf(f *fields) []byte {
	if !f.complete || f.choosing || f.fault != "" || f.hosts != 1 {
		return nil
	}
	rest, get := bytes.CutPrefix(f.request, getPrefix)
	target, version := bytes.CutSuffix(rest, version11)
	if !get || !version {
		return nil
	}
	return target
}

// serveReady answers a request for a file in the cache whose header is in the buffer, if it can do
// so without a parser. It reports whether it has, and whether another request may follow.
func (c *connection) serveReady(began time.Time) (served, again bool, err error) {
	buffered, err := c.reader.Peek(c.reader.Buffered())
	if err != nil {
		return false, false, nil
	}
	header := scan(buffered)
	target := targetOf(&header)
	if target == nil {
		return false, false, nil
	}
	cache := c.server.cache
	f := cache.getPlain(target)
	if f == nil {
		return false, false, nil
	}
	var file *os.File
	if f.content == nil {
		if file = cache.take(f); file == nil {
			return false, false, nil
		}
		defer cache.give(f, file)
	}
	request := ""
	if c.server.access != nil {
		request = string(header.request)
	}
	if _, err := c.reader.Discard(header.bytes); err != nil {
		return true, false, err
	}
	c.lastMethod = http.MethodGet
	head := f.appendHead(c.writer.AvailableBuffer(), c.server.date.at(began))
	size := f.stamp.info.Size()
	sent := size
	if file == nil {
		err = c.sendReady(head, f.content)
	} else {
		_, _ = c.writer.Write(head)
		if sent, err = c.sendFile(file, size); err == nil {
			err = c.writer.Flush()
		}
	}
	if c.server.access != nil {
		c.server.access.write(c.peer, request, http.StatusOK, sent, began)
	}
	return true, sent == size, err // the client notices that a file is short
}

// sendReady sends a head and a body at once. head is in the available buffer of the writer if it
// fits there.
func (c *connection) sendReady(head, body []byte) error {
	if len(head)+len(body) <= c.writer.Available() {
		_, _ = c.writer.Write(append(head, body...))
		return c.writer.Flush()
	}
	if c.tls != nil {
		// A record per write: as few as possible.
		buf := c.server.borrow()
		defer c.server.copies.Put(buf)
		n := copy(buf[:], head)
		n += copy(buf[n:], body)
		if _, err := c.Conn.Write(buf[:n]); err != nil {
			return err
		}
		if left := body[n-len(head):]; len(left) > 0 {
			_, err := c.Conn.Write(left)
			return err
		}
		return nil
	}
	if err := c.raw.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return err
	}
	c.vector = [2][]byte{head, body}
	c.rest = c.vector[:]
	_, err := c.raw.Writev(&c.rest)
	return err
}
