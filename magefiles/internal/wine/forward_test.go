package wine

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForwardingDLLIsALibraryWhoseExportsAreForwards(t *testing.T) {
	file, err := forwardingDLL("both.dll", map[string]string{"Second": "OTHER.Two", "First": "OTHER.One"})
	require.NoError(t, err)
	if len(file) != 1024 {
		t.Errorf("%d bytes, want 1024", len(file))
	}
	f, err := pe.NewFile(bytes.NewReader(file))
	require.NoError(t, err)
	if f.Machine != pe.IMAGE_FILE_MACHINE_AMD64 || f.Characteristics&pe.IMAGE_FILE_DLL == 0 {
		t.Errorf("machine %#x, characteristics %#x: no library for amd64", f.Machine, f.Characteristics)
	}
	optional, ok := f.OptionalHeader.(*pe.OptionalHeader64)
	if !ok {
		t.Fatalf("header %T, want that of a 64-bit image", f.OptionalHeader)
	}
	where := optional.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT]
	if len(f.Sections) != 1 || f.Sections[0].VirtualAddress != where.VirtualAddress || optional.AddressOfEntryPoint != 0 {
		t.Fatalf("sections %v, exports at %#x, entry %#x", f.Sections, where.VirtualAddress, optional.AddressOfEntryPoint)
	}
	data, err := f.Sections[0].Data()
	require.NoError(t, err)
	var d exportDirectory
	require.NoError(t, binary.Read(bytes.NewReader(data), binary.LittleEndian, &d))
	at := func(rva uint32) []byte { return data[rva-where.VirtualAddress:] }
	text := func(rva uint32) string {
		s, _, _ := strings.Cut(string(at(rva)), "\x00")
		return s
	}
	if text(d.Name) != "both.dll" || d.NumberOfFunctions != 2 || d.NumberOfNames != 2 {
		t.Errorf("got %q with %d functions and %d names", text(d.Name), d.NumberOfFunctions, d.NumberOfNames)
	}
	// The loader finds names by binary search.
	for i, want := range [][2]string{{"First", "OTHER.One"}, {"Second", "OTHER.Two"}} {
		ordinal := binary.LittleEndian.Uint16(at(d.AddressOfNameOrdinals)[2*i:])
		name := text(binary.LittleEndian.Uint32(at(d.AddressOfNames)[4*i:]))
		function := binary.LittleEndian.Uint32(at(d.AddressOfFunctions)[4*ordinal:])
		// An address within the directory makes the export a forward.
		if function < where.VirtualAddress || function >= where.VirtualAddress+where.Size {
			t.Errorf("%s: %#x is not a forward", name, function)
			continue
		}
		if name != want[0] || text(function) != want[1] {
			t.Errorf("got %s -> %s, want %s -> %s", name, text(function), want[0], want[1])
		}
	}
}

func TestForwardingDLLIsBounded(t *testing.T) {
	if _, err := forwardingDLL("x.dll", map[string]string{strings.Repeat("n", 600): "A.B"}); err == nil {
		t.Error("got no error for more exports than a section holds")
	}
}
