// Package poison overwrites memory that holds no unread bytes, to find code that reads it.
package poison

// Byte is the byte that overwrites such memory.
const Byte = 0xDB

// Fill overwrites p.
func Fill(p []byte) {
	for i := range p {
		p[i] = Byte
	}
}
