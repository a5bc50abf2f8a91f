package streamtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// These are the types of records and messages that keyed sends (RFC 8446, B.1 and B.3).
const (
	recordHandshake = 22
	recordData      = 23
)

// keyUpdateRequest is a KeyUpdate that requests one in return (RFC 8446, 4.6.3).
var keyUpdateRequest = []byte{24, 0, 0, 1, 1}

// configs returns the configurations of the two sides of a TLS connection.
func (w *world) configs() (server, client *tls.Config) {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.check(err, "key")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	w.check(err, "certificate")
	cert, err := x509.ParseCertificate(der)
	w.check(err, "certificate")
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// keyLog receives the secrets of a client from crypto/tls.
type keyLog struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (k *keyLog) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.Write(p)
}

// keyed writes records of TLS 1.3 for a client whose handshake crypto/tls has done. It sends types
// that crypto/tls never sends.
type keyed struct {
	conn      net.Conn
	hash      func() hash.Hash
	keyLength int
	secret    []byte
	aead      cipher.AEAD // of secret; nil until the first record
	iv        []byte      // of secret, like aead
	sequence  uint64
}

// close shuts the connection down before it closes it: a child process that another case is
// starting also has the socket until its exec.
func (k *keyed) close() error {
	c, ok := k.conn.(interface {
		CloseRead() error
		CloseWrite() error
	})
	if !ok {
		return fmt.Errorf("%T cannot be shut down", k.conn)
	}
	return errors.Join(c.CloseWrite(), c.CloseRead(), k.conn.Close())
}

// newKeyed takes over the writing side of client on conn. The client has written nothing since its
// handshake.
func newKeyed(client *tls.Conn, conn net.Conn, log *keyLog) (*keyed, error) {
	k := &keyed{conn: conn, hash: sha256.New, keyLength: 16}
	switch client.ConnectionState().CipherSuite {
	case tls.TLS_AES_128_GCM_SHA256:
	case tls.TLS_AES_256_GCM_SHA384:
		k.hash, k.keyLength = sha512.New384, 32
	default:
		return nil, errors.New("the cipher suite is not one of AES-GCM and TLS 1.3")
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	for line := range strings.Lines(log.text.String()) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(fields[2])
			k.secret = secret
			return k, err
		}
	}
	return nil, errors.New("the log has no traffic secret")
}

// expand is HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
func (k *keyed) expand(label string, length int) []byte {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(info, byte(len(label)))
	info = append(info, label...)
	out, err := hkdf.Expand(k.hash, k.secret, string(append(info, 0)), length)
	if err != nil {
		panic(err) // the lengths are constants
	}
	return out
}

// derive derives the keys of records from the secret (RFC 8446, 7.3).
func (k *keyed) derive() error {
	block, err := aes.NewCipher(k.expand("key", k.keyLength))
	if err != nil {
		return err
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return err
	}
	k.iv = k.expand("iv", k.aead.NonceSize())
	return nil
}

// record returns a record of the given type (RFC 8446, 5.2).
func (k *keyed) record(kind byte, content []byte) ([]byte, error) {
	if k.aead == nil {
		if err := k.derive(); err != nil {
			return nil, err
		}
	}
	nonce := bytes.Clone(k.iv)
	for i, b := range binary.BigEndian.AppendUint64(nil, k.sequence) {
		nonce[len(nonce)-8+i] ^= b
	}
	k.sequence++
	inner := append(bytes.Clone(content), kind)
	header := binary.BigEndian.AppendUint16([]byte{recordData, 3, 3}, uint16(len(inner)+k.aead.Overhead()))
	return k.aead.Seal(header, nonce, inner, header), nil
}

// updateKey changes the key, after a KeyUpdate (RFC 8446, 7.2).
func (k *keyed) updateKey() {
	k.secret = k.expand("traffic upd", k.hash().Size())
	k.aead, k.sequence = nil, 0
}

// keyUpdate requests a KeyUpdate.
func (k *keyed) keyUpdate() error {
	err := k.send(recordHandshake, keyUpdateRequest)
	k.updateKey()
	return err
}

func (k *keyed) send(kind byte, content []byte) error {
	r, err := k.record(kind, content)
	if err != nil {
		return err
	}
	_, err = k.conn.Write(r)
	return err
}

// dribble is a connection that is written to byte by byte.
type dribble struct{ net.Conn }

func (d dribble) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := d.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// closeNotifyRecord is the beginning of a record with an alert in TLS 1.3 with AES-GCM: two bytes,
// their type and a tag (RFC 8446, 5.2).
var closeNotifyRecord = []byte{recordData, 3, 3, 0, 2 + 1 + 16}

// tail is a connection that keeps the bytes read last, as many as a record with an alert has.
type tail struct {
	net.Conn
	last []byte
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	const length = 5 + 2 + 1 + 16
	t.last = append(t.last, p[:n]...)
	t.last = bytes.Clone(t.last[max(0, len(t.last)-length):])
	return n, err
}

// closed reports whether the last record may have been an alert. The error that crypto/tls returns
// at the end of the stream does not distinguish this.
func (t *tail) closed() bool { return bytes.HasPrefix(t.last, closeNotifyRecord) }
