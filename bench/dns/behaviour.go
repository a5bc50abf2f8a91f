package dns

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

// behaviour describes the replies of a responder: their delay, losses and faults.
type behaviour struct {
	Addr      string
	Delay     time.Duration // between a query and its reply
	TTL       int           // seconds, of the records
	Loss      float64       // share of the datagrams that get no reply
	LoseFirst bool          // the first datagram for each name gets no reply
	Forged    int           // datagrams per second with the ID of no query in flight
}

// ResponderWord is the word of the role of the server.
const ResponderWord = "dns-responder"

func (b *behaviour) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.Addr, "addr", "127.0.0.1:0", "address to listen on, UDP and TCP")
	f.DurationVar(&b.Delay, "delay", 0, "time between a query and its reply")
	f.IntVar(&b.TTL, "ttl", 0, "time to live of the answers, in seconds")
	f.Float64Var(&b.Loss, "loss", 0, "share of the datagrams that get no reply, 0 to 1")
	f.BoolVar(&b.LoseFirst, "lose-first", false, "give no reply to the first datagram for each name")
	f.IntVar(&b.Forged, "forged", 0, "wrong replies per second to the port of a query in flight, with other IDs")
}

// args returns the flags of the role.
func (b behaviour) args() []string {
	return []string{"--addr", b.Addr, "--delay", b.Delay.String(), "--ttl", fmt.Sprint(b.TTL), "--loss", fmt.Sprint(b.Loss),
		fmt.Sprintf("--lose-first=%v", b.LoseFirst), "--forged", fmt.Sprint(b.Forged)}
}

func (b *behaviour) check() error {
	switch {
	case b.Delay < 0:
		return cli.Usagef("--delay %v: want 0 or more", b.Delay)
	case b.TTL < 0:
		return cli.Usagef("--ttl %d: want 0 or more", b.TTL)
	case b.Loss < 0 || b.Loss > 1:
		return cli.Usagef("--loss %v: want 0 to 1", b.Loss)
	case b.Forged < 0:
		return cli.Usagef("--forged %d: want 0 or more", b.Forged)
	}
	return nil
}

// The addresses that a responder and a forger answer with.
var (
	rightAddr = [4]byte{10, 0, 0, 1}
	wrongAddr = [4]byte{203, 0, 113, 66}
)

// Offsets and sizes of a DNS message (RFC 1035, section 4.1).
const (
	headerBytes = 12
	typeA       = 1
)

// questionEnd returns the offset after the first question of msg, or 0 if msg is no query with one
// question.
func questionEnd(msg []byte) int {
	if len(msg) < headerBytes || msg[2]&0x80 != 0 || msg[4] != 0 || msg[5] != 1 {
		return 0
	}
	i := headerBytes
	for i < len(msg) && msg[i] != 0 {
		if msg[i] > 63 {
			return 0
		}
		i += int(msg[i]) + 1
	}
	if i += 5; i > len(msg) {
		return 0
	}
	return i
}

// reply turns the query in msg[:n] into its reply, in place, and returns its length, or 0 for what
// is no query. Every name has one address. msg needs room for a record.
func reply(msg []byte, n, ttl int, addr [4]byte) int {
	end := questionEnd(msg[:n])
	if end == 0 || end+16 > len(msg) {
		return 0
	}
	isA := msg[end-4] == 0 && msg[end-3] == typeA
	msg[2] = msg[2]&0x01 | 0x80 // a response, with the RD bit of the query
	msg[3] = 0x80               // recursion available, no error
	clear(msg[6:headerBytes])
	if !isA {
		return end
	}
	msg[7] = 1
	return end + copy(msg[end:], []byte{0xc0, headerBytes, 0, typeA, 0, 1, byte(ttl >> 24), byte(ttl >> 16), byte(ttl >> 8), byte(ttl), 0, 4,
		addr[0], addr[1], addr[2], addr[3]})
}
