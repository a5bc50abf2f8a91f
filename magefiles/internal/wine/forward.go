package wine

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// The layout of the file that forwardingDLL writes: one page of headers and one of data, at the
// smallest alignment that the format allows on disk.
const (
	sectionRVA    = 0x1000
	fileAlignment = 0x200
	imageBase     = 0x180000000
)

// exportDirectory is IMAGE_EXPORT_DIRECTORY of the PE format. debug/pe does not define it.
type exportDirectory struct {
	Characteristics, TimeDateStamp uint32
	MajorVersion, MinorVersion     uint16
	Name, Base                     uint32
	NumberOfFunctions              uint32
	NumberOfNames                  uint32
	AddressOfFunctions             uint32
	AddressOfNames                 uint32
	AddressOfNameOrdinals          uint32
}

// forwardingDLL returns a library for 64-bit Windows without code. Each key of forwards is an
// export that forwards to the value, a symbol of another library such as
// "ADVAPI32.SystemFunction036". Source: Microsoft PE and COFF Specification, "The .edata Section".
func forwardingDLL(name string, forwards map[string]string) ([]byte, error) {
	data := exportSection(name, forwards)
	if len(data) > fileAlignment {
		return nil, fmt.Errorf("wine: exports of %s take %d bytes, more than the %d of a section", name, len(data), fileAlignment)
	}
	const dosHeaderBytes = 64
	dos := make([]byte, dosHeaderBytes)
	copy(dos, "MZ")
	binary.LittleEndian.PutUint32(dos[0x3c:], dosHeaderBytes)
	optional := pe.OptionalHeader64{
		Magic:               0x20b,
		ImageBase:           imageBase,
		SectionAlignment:    sectionRVA,
		FileAlignment:       fileAlignment,
		SizeOfImage:         2 * sectionRVA,
		SizeOfHeaders:       fileAlignment,
		Subsystem:           pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		DllCharacteristics:  pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		NumberOfRvaAndSizes: 16,

		MajorOperatingSystemVersion: 6,
		MajorSubsystemVersion:       6,
		SizeOfStackReserve:          1 << 20,
		SizeOfStackCommit:           1 << 12,
		SizeOfHeapReserve:           1 << 20,
		SizeOfHeapCommit:            1 << 12,
		SizeOfInitializedData:       fileAlignment,
	}
	optional.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT] = pe.DataDirectory{VirtualAddress: sectionRVA, Size: uint32(len(data))}
	section := pe.SectionHeader32{
		VirtualSize:      uint32(len(data)),
		VirtualAddress:   sectionRVA,
		SizeOfRawData:    fileAlignment,
		PointerToRawData: fileAlignment,
		Characteristics:  pe.IMAGE_SCN_CNT_INITIALIZED_DATA | pe.IMAGE_SCN_MEM_READ,
	}
	copy(section.Name[:], ".edata")

	var b bytes.Buffer
	for _, part := range []any{
		dos,
		[]byte("PE\x00\x00"),
		pe.FileHeader{
			Machine:              pe.IMAGE_FILE_MACHINE_AMD64,
			NumberOfSections:     1,
			SizeOfOptionalHeader: uint16(binary.Size(optional)),
			Characteristics:      pe.IMAGE_FILE_EXECUTABLE_IMAGE | pe.IMAGE_FILE_LARGE_ADDRESS_AWARE | pe.IMAGE_FILE_DLL,
		},
		optional,
		section,
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			return nil, err
		}
	}
	file := make([]byte, 2*fileAlignment)
	copy(file, b.Bytes())
	copy(file[fileAlignment:], data)
	return file, nil
}

// exportSection lays out the export directory, its three tables and its strings. A function address
// that points into the section itself makes the export a forward.
func exportSection(name string, forwards map[string]string) []byte {
	names := slices.Sorted(maps.Keys(forwards))
	n := uint32(len(names))
	directory := exportDirectory{Base: 1, NumberOfFunctions: n, NumberOfNames: n}
	size := uint32(binary.Size(directory))
	directory.AddressOfFunctions = sectionRVA + size
	directory.AddressOfNames = directory.AddressOfFunctions + 4*n
	directory.AddressOfNameOrdinals = directory.AddressOfNames + 4*n
	firstString := size + 4*n + 4*n + 2*n

	var text []byte
	add := func(s string) uint32 {
		at := sectionRVA + firstString + uint32(len(text))
		text = append(append(text, s...), 0)
		return at
	}
	directory.Name = add(name)
	functions, labels, ordinals := make([]uint32, n), make([]uint32, n), make([]uint16, n)
	for i, export := range names {
		labels[i] = add(export)
		functions[i] = add(forwards[export])
		ordinals[i] = uint16(i)
	}
	var b bytes.Buffer
	for _, part := range []any{directory, functions, labels, ordinals, text} {
		// A bytes.Buffer never fails, and the parts have a fixed size.
		_ = binary.Write(&b, binary.LittleEndian, part)
	}
	return b.Bytes()
}
