package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// head is the reader between a connection and its bufio.Reader. It bounds the header of a request.
// It also keeps the bytes, because http.ReadRequest drops fields on which the framing depends.
type head struct {
	r        io.Reader
	left     int64   // bytes that may still be read; math.MaxInt64 outside a header
	err      error   // the error that ended r
	recorded *[]byte // nil outside a header
}

func (h *head) Read(p []byte) (int, error) {
	if h.left <= 0 {
		return 0, io.EOF
	}
	n, err := h.r.Read(p[:min(int64(len(p)), h.left)])
	h.left -= int64(n)
	if h.recorded != nil {
		*h.recorded = append(*h.recorded, p[:n]...)
	}
	if err != nil {
		h.err = err
	}
	return n, err
}

// fields is the information about a request that http.ReadRequest does not return.
type fields struct {
	request   []byte // the first line, a part of the header
	bytes     int    // up to the end of the empty line, if complete
	complete  bool   // the empty line that ends the header was present
	minor1    bool   // the version has Transfer-Encoding, and there is one
	hosts     int
	lengths   int
	encodings int
	chunked   bool   // the first line of the last Transfer-Encoding is chunked
	folded    bool   // a line is folded
	choosing  bool   // a field may change the answer, the framing or the end of the connection
	fault     string // a sentence, if ReadRequest accepts a line that this server refuses
}

// scan reads a header as far as http.ReadRequest has read it.
func scan(header []byte) (f fields) {
	first := true
	for line := range bytes.Lines(header) {
		f.bytes += len(line)
		ended := line[len(line)-1] == '\n'
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		switch {
		case first:
			first = false
			f.request = line
		case len(line) == 0:
			f.complete = ended // not if only the carriage return has arrived
			return f
		default:
			f.add(line)
		}
	}
	return f
}

func (f *fields) add(line []byte) {
	if line[0] == ' ' || line[0] == '\t' {
		// RFC 9112, 5.2: a server rejects or unfolds a folded line. A proxy that does neither reads
		// other fields.
		f.folded = true
		f.found(foldedLine)
		return
	}
	name, value, colon := bytes.Cut(line, []byte(":"))
	value = bytes.Trim(value, " \t")
	if !colon {
		f.choosing = true // http.ReadRequest refuses it
	}
	if !isToken(name) {
		// RFC 9112, 5.1: "Content-Length :" makes a proxy and a server read different lengths.
		f.found("the name of a header field is not a token")
	}
	if !isFieldValue(value) {
		f.found("the value of a header field contains a control character")
	}
	switch {
	case equalFold(name, "Host"):
		f.hosts++
		if !isHost(value) {
			f.found("the Host field is malformed")
		}
	case equalFold(name, "Content-Length"):
		f.choosing = true
		f.lengths++
	case equalFold(name, "Transfer-Encoding"):
		f.choosing = true
		f.encodings++
		f.minor1 = isMinor1(string(f.request))
		f.chunked = equalFold(value, "chunked")
	case equalFold(name, "Connection"):
		f.choosing = f.choosing || !equalFold(value, "keep-alive")
	case equalFold(name, "Expect"), equalFold(name, "Trailer"), equalFold(name, "Range"), len(name) > 3 && equalFold(name[:3], "If-"):
		f.choosing = true
	}
}

const foldedLine = "a header line is folded"

func (f *fields) found(fault string) {
	if f.fault == "" {
		f.fault = fault
	}
}

// unsupportedEncoding reports whether ReadRequest refuses the transfer encoding after it has read
// all lines.
func (f *fields) unsupportedEncoding() bool {
	return f.complete && f.minor1 && f.hosts <= 1 && f.encodings > 0 && (f.encodings > 1 || !f.chunked)
}

// faultyFraming reports whether other parties may see a different end of the request than this
// server (RFC 9112, 6.1).
func (f *fields) faultyFraming() bool {
	return f.encodings > 0 && (f.lengths > 0 || !f.minor1)
}

// equalFold compares with an ASCII word. Non-ASCII letters that Unicode folds to ASCII are longer,
// so they never match.
func equalFold(b []byte, word string) bool {
	return len(b) == len(word) && strings.EqualFold(string(b), word)
}

// isMinor1 treats HTTP/0.0 as HTTP/1.1, as ReadRequest does when it determines the framing.
func isMinor1(requestLine string) bool {
	_, rest, _ := strings.Cut(requestLine, " ")
	_, proto, _ := strings.Cut(rest, " ")
	major, minor, ok := http.ParseHTTPVersion(proto)
	return ok && (major > 1 || major == 1 && minor >= 1 || major == 0 && minor == 0)
}

// tokenMarks and hostMarks are the characters besides letters and digits (RFC 9110, 5.6.2; RFC
// 3986, 3.2.2).
const (
	tokenMarks = "!#$%&'*+-.^_`|~"
	hostMarks  = "!$%&'()*+,-.:;=[]_~"
)

// inToken, inHost and inValue are classes of bytes.
const (
	inToken = 1 << iota
	inHost
	inValue
)

// classes has the classes of each byte. It does not change.
var classes = classify()

func classify() (classes [256]uint8) {
	for c := range classes {
		b := byte(c)
		alphanumeric := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
		if alphanumeric || strings.IndexByte(tokenMarks, b) >= 0 {
			classes[c] |= inToken
		}
		if alphanumeric || strings.IndexByte(hostMarks, b) >= 0 {
			classes[c] |= inHost
		}
		if b >= ' ' && b != 0x7f || b == '\t' {
			classes[c] |= inValue
		}
	}
	return classes
}

func consistsOf(b []byte, class uint8) bool {
	for _, c := range b {
		if classes[c]&class == 0 {
			return false
		}
	}
	return true
}

func isToken(b []byte) bool { return len(b) > 0 && consistsOf(b, inToken) }

// isHost accepts what package net/http accepts: the characters of a host and a port in any order,
// or none.
func isHost(b []byte) bool { return consistsOf(b, inHost) }

func isFieldValue(b []byte) bool { return consistsOf(b, inValue) }
