package stream

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestARingKeepsItsBytesInOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var r ring
	var model, spans []byte
	for i := range 5000 {
		p := bytes.Repeat([]byte{byte(i)}, random.IntN(3*ringBytesMin/2))
		r.put(p)
		model = append(model, p...)
		n := random.IntN(len(model) + 1)
		r.drop(n)
		model = model[n:]
		var s [2][]byte
		spans = append(spans[:0], bytes.Join(r.spans(&s), nil)...)
		if r.n != len(model) || !bytes.Equal(spans, model) {
			t.Fatalf("step %d: the ring holds %d bytes, want %d, or their order differs", i, r.n, len(model))
		}
	}
}
