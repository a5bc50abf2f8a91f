//go:build unix

package main

import "strings"

// differentialSeeds returns requests on the edge of validity.
func differentialSeeds() []string {
	const host = "Host: h\r\n"
	get := func(fields string) string { return "GET / HTTP/1.1\r\n" + fields + "\r\n" }
	post := func(fields, body string) string { return "POST / HTTP/1.1\r\n" + host + fields + "\r\n" + body }
	seeds := []string{
		"", "\r\n", "x", "GET", "nonsense\r\n\r\n", "\x16\x03\x01\x00\xa5 what\r\n\r\n",
		get(host), get(""), get("Host:\r\n"), get("Host: a\r\nHost: b\r\n"), get("Host: a b\r\n"), get("Host: a/b\r\n"), get("Host : h\r\n"),
		get("hOST: h\r\n"), get("Host: [::1]:80\r\n"), get("Host: a\x00b\r\n"), get("Host: \xc3\xbc\r\n"),
		"GET http://a/ HTTP/1.1\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"GET / HTTP/1.2\r\n" + host + "\r\n", "GET / HTTP/1.10\r\n" + host + "\r\n", "GET / HTTP/2.0\r\n" + host + "\r\n", "GET / HTTP/0.9\r\n\r\n", "GET / HTTP/0.0\r\nTransfer-Encoding: gzip\r\n\r\n",
		"GET / HTTP/0.9\r\nTransfer-Encoding: gzip\r\n\r\n", "0 * HTTP/1.1\nHost:\nTrAnsfer-EnCoding:Chunked\nContent-Length:0\n\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\r\n\r\n", "GET / http/1.1\r\n" + host + "\r\n", "GET  / HTTP/1.1\r\n" + host + "\r\n",
		"GET / HTTP/1.1 \r\n" + host + "\r\n", "G\x00T / HTTP/1.1\r\n" + host + "\r\n", "GET /\x00 HTTP/1.1\r\n" + host + "\r\n",
		"GET /100%zz HTTP/1.1\r\n" + host + "\r\n", "GET /% HTTP/1.1\r\n" + host + "\r\n", "GET /%ff HTTP/1.1\r\n" + host + "\r\n",
		"GET x HTTP/1.1\r\n" + host + "\r\n", "GET * HTTP/1.1\r\n" + host + "\r\n", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
		"CONNECT h:1 HTTP/1.1\r\n\r\n", "CONNECT h:1 HTTP/1.1\r\n" + host + "\r\n", "TRACE / HTTP/1.1\r\n" + host + "\r\n",
		"HEAD / HTTP/1.1\r\n" + host + "\r\n", "DELETE / HTTP/1.1\r\n" + host + "\r\n", "get / HTTP/1.1\r\n" + host + "\r\n",
		"GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\r\n" + host + "\r\n\r\n", "POST / HTTP/1.1\r\n" + host + "\r\n\r\n", "\r\nGET / HTTP/1.1\r\n" + host + "\r\n",
		get(host + "no colon\r\n"), get(host + ": empty\r\n"), get(host + "A B: c\r\n"), get(host + "A\xc3\xbc: c\r\n"), get(host + "A(: c\r\n"),
		get(host + "A: b\x00c\r\n"), get(host + "A: b\rc\r\n"), get(host + "A: \x7f\r\n"), get(host + "A: \xff\r\n"), get(host + "A: b\tc \r\n"),
		get(" A: b\r\n" + host), get(host + "A: b\r\n c\r\n"), get(host + "Content-Length: 1\r\n 0\r\n"), get(host + "Transfer-Encoding:\r\n chunked\r\n"),
		get(host + "Transfer-Encoding: chunked\r\n \r\n"),
		get(host + "\t\r\n"), get(host + "Connection: close\r\n"), get(host + "Connection: x close\r\n"), get(host + "Connection: x\r\nConnection: close\r\n"),
		get(host + "Connection : close\r\n"), get(host + "Connection: closed\r\n"),
		post("Content-Length: 3\r\n", "abc"), post("Content-Length : 3\r\n", "abc"), post("Content-Length\t: 3\r\n", "abc"), post("Content-Length: +3\r\n", "abc"),
		post("Content-Length: 3 \r\n", "abc"), post("Content-Length: 3, 3\r\n", "abc"), post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
		post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), post("Content-Length: x\r\n", ""), post("Content-Length: -1\r\n", ""), post("Content-Length:\r\n", ""),
		post("Content-Length: 0x3\r\n", "abc"), post("Content-Length: 99999999999999999999\r\n", ""), post("Content-Length: 3\r\n", "abc\r\n"), post("Content-Length: 100\r\n", "abc"),
		post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), post("Transfer-Encoding : chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
		post("Transfer-Encoding: chunked\r\n", "3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n"), post("Transfer-Encoding: chunked\r\n", "x\r\nabc\r\n"), post("Transfer-Encoding: chunked\r\n", "3\nabc\n0\n\n"),
		post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"), post("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"), post("Transfer-Encoding: chunked\r\n", "3\r\nab"),
		post("Transfer-Encoding: gzip\r\n", "abc"), post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
		post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), post("Transfer-Encoding: \r\n", ""), post("Transfer-Encoding: chunKed\r\n", "0\r\n\r\n"), post("Transfer-Encoding: chun\u212aed\r\n", "0\r\n\r\n"),
		post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "3\r\nabc\r\n0\r\n\r\n"), post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"),
		post("Transfer-Encoding: gzip\r\nno colon\r\n", ""), post("Transfer-Encoding: chunked\r\nContent-Length: x\r\n", "0\r\n\r\n"), post("Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", "0\r\n\r\n"),
		"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
		"POST /unread HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc", "POST /unread HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"POST /unread HTTP/1.1\r\n" + host + "Content-Length: 300000\r\n\r\nabc", "POST /unread HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n",
		post("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc"), post("Expect: 100-Continue\r\n", ""), post("Expect: tea\r\n", ""), post("Expect: 100-continue, tea\r\n", ""), post("Expect:\r\n", ""),
		post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), "POST /unread HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
	}
	// Each seed also comes second on a connection.
	for _, s := range seeds {
		seeds = append(seeds, "POST /first HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n1"+s)
	}
	// Every byte, at positions where not every byte is valid.
	for c := range 256 {
		b := string([]byte{byte(c)})
		seeds = append(seeds, get("Host: a"+b+"c\r\n"), get(host+"A"+b+"C: d\r\n"), get(host+"A: b"+b+"c\r\n"), "G"+b+"T /"+b+" HTTP/1.1\r\n"+host+"\r\n")
	}
	return append(seeds, get(host+"A: "+strings.Repeat("b", 5000)+"\r\n"), strings.Repeat(get(host), 20))
}
