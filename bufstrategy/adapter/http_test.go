package adapter_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// pipelined holds consecutive requests, with every kind of body.
const pipelined = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n" +
	"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello\r\n\r\nab" +
	"GET /old HTTP/1.0\nHost: a\nX-Long: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n\n" +
	"POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n" +
	"5\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nSum: 31\r\n\r\n" +
	"POST /empty HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" +
	"GET /last HTTP/1.1\r\nHost: a\r\n\r\n"

// requests reads all requests and describes each, including body and trailer.
func requests(br *bufio.Reader) (all []string, err error) {
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return all, err
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return all, err
		}
		all = append(all, describe(req, body))
	}
}

func describe(req *http.Request, body []byte) string {
	return fmt.Sprintf("%s %s %v %q %v", req.Method, req.URL, req.Header, body, req.Trailer)
}

// split returns pieces, one of which ends at position k.
func split(k int) []byte {
	pieces := bytes.Repeat([]byte{255}, k/255)
	if k%255 > 0 {
		pieces = append(pieces, byte(k%255))
	}
	return append(pieces, 255, 255, 255, 255)
}

func TestRequestsAreReadWhereverThePiecesEnd(t *testing.T) {
	want, err := requests(bufio.NewReader(strings.NewReader(pipelined)))
	if len(want) != 6 || err != io.EOF {
		t.Fatal(want, err)
	}
	for _, name := range bufstrategy.Names() {
		for k := range len(pipelined) {
			for size, mode := range map[int]int{16: waitingMode, 64: shortReadMode, 4096: blockingMode} {
				if k%3 != mode {
					continue
				}
				pieces := split(k)
				if k == 0 {
					pieces = []byte{1}
				}
				b := buftest.Place(t, name, 256, 7*k)
				in := waitReader(t, b, mode, []byte(pipelined), pieces)
				got, err := requests(bufio.NewReaderSize(in, size))
				if err != io.EOF || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%s, mode %d, split at %d: %v\n%q, want\n%q", name, mode, k, err, got, want)
				}
				b.Release()
			}
		}
		in := waitReader(t, buftest.Place(t, name, 256, 0), waitingMode, []byte(pipelined[:len(pipelined)-2]), []byte{100})
		if got, err := requests(bufio.NewReader(in)); len(got) != 5 || err != io.ErrUnexpectedEOF {
			t.Errorf("%s: truncated last request: %d requests, %v", name, len(got), err)
		}
	}
}

// A connection that waits for its next request needs no bufio.Reader: the one that it gives back is
// empty.
func TestABufioReaderMayBeLentForRequests(t *testing.T) {
	want, _ := requests(bufio.NewReader(strings.NewReader(pipelined)))
	first := strings.Index(pipelined, "POST")
	for _, name := range bufstrategy.Names() {
		// The first request arrives alone, the others together.
		in := waitReader(t, buftest.Place(t, name, 256, 0), waitingMode, []byte(pipelined), []byte{byte(first), 255, 255, 255})
		lent, times := bufio.NewReaderSize(nil, 512), 0
		var got []string
		for {
			if _, err := in.Peek(1); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(name, err)
			}
			times++
			lent.Reset(in)
			for {
				req, err := http.ReadRequest(lent)
				if err != nil {
					t.Fatal(name, err)
				}
				body, err := io.ReadAll(req.Body)
				if err != nil {
					t.Fatal(name, err)
				}
				got = append(got, describe(req, body))
				if lent.Buffered() == 0 {
					break
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || times < 2 {
			t.Errorf("%s: %q in %d turns, want %q", name, got, times, want)
		}
	}
}

// takeRequest does the work of a handler. It returns ErrShort until a request and its body are
// complete in b.
func takeRequest(b bufstrategy.Buffer, heads *message.Heads) (string, error) {
	head, size, err := heads.Next(b)
	if err != nil {
		return "", err
	}
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return "", err
	}
	if req.ContentLength > int64(b.Limit()-size) {
		return "", bufstrategy.ErrTooLarge
	}
	whole, err := b.View(size + int(max(req.ContentLength, 0)))
	if err != nil {
		return "", err
	}
	got := describe(req, bytes.Clone(whole[size:]))
	b.Discard(len(whole))
	return got, nil
}

func TestAHandlerTakesRequestsWhereverThePiecesEnd(t *testing.T) {
	before, rest, _ := strings.Cut(pipelined, "POST /chunked")
	_, after, _ := strings.Cut(rest, "31\r\n\r\n")
	data := before + after
	want, _ := requests(bufio.NewReader(strings.NewReader(data)))
	for _, name := range bufstrategy.Names() {
		for k := range len(data) {
			b := buftest.Place(t, name, 512, 5*k)
			heads := message.Heads{Max: 200}
			var got []string
			for _, part := range []string{data[:k], data[k:]} {
				b.Feed(t, []byte(part))
				for {
					b.Disturb()
					req, err := takeRequest(b.Buffer, &heads)
					if errors.Is(err, bufstrategy.ErrShort) {
						break
					}
					if err != nil {
						t.Fatal(name, k, err)
					}
					got = append(got, req)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || b.Len() != 0 {
				t.Fatalf("%s, split at %d: %q, want %q", name, k, got, want)
			}
			b.Release()
		}
		b := buftest.Place(t, name, 512, 0)
		b.Feed(t, []byte("GET / HTTP/1.1\r\nX: "+strings.Repeat("x", 200)))
		if _, err := takeRequest(b.Buffer, &message.Heads{Max: 200}); err != bufstrategy.ErrTooLarge {
			t.Errorf("%s: head too large: %v", name, err)
		}
	}
}

func TestAJSONDecoderReadsWhereverThePiecesEnd(t *testing.T) {
	const values = `{"a": [1, 2, "three"]} "text" 12 [{}]`
	const data = values + "\nand raw bytes\n"
	for _, name := range bufstrategy.Names() {
		for k := range len(data) {
			b := buftest.Place(t, name, 32, 3*k)
			pieces := split(k)
			if k == 0 {
				pieces = []byte{1}
			}
			in := waitReader(t, b, k%modes, []byte(data), pieces)
			dec := json.NewDecoder(in)
			var got bytes.Buffer
			for range 4 {
				var v json.RawMessage
				if err := dec.Decode(&v); err != nil {
					t.Fatal(name, k, err)
				}
				fmt.Fprintf(&got, "%s ", v)
			}
			// The Decoder has read more than it has decoded.
			rest, err := io.ReadAll(io.MultiReader(dec.Buffered(), in))
			if got.String() != values+" " || string(rest) != "\nand raw bytes\n" || err != nil {
				t.Fatalf("%s, split at %d: %q and %q, %v", name, k, &got, rest, err)
			}
			b.Release()
		}
		in := waitReader(t, buftest.Place(t, name, 32, 0), waitingMode, []byte(`{"a":`), []byte{2})
		if err := json.NewDecoder(in).Decode(new(any)); err != io.ErrUnexpectedEOF {
			t.Errorf("%s: truncated value: %v", name, err)
		}
	}
}
