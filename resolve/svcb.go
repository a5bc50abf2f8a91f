package resolve

import (
	"iter"
	"net/netip"
)

// SVCB is an endpoint of a service, from an SVCB or HTTPS record (RFC 9460).
type SVCB struct {
	Priority uint16 // 0 is an alias: Target then answers the question, and there are no parameters
	Target   Name   // "." is the owner of the record, or for an alias: the service is not available
	params   string // valid: keys in strictly increasing order, and values of their format
}

// SVCBKey is the key of a parameter (RFC 9460, section 14.3).
type SVCBKey uint16

// The keys that have a format here.
const (
	SVCBMandatory     SVCBKey = 0
	SVCBALPN          SVCBKey = 1
	SVCBNoDefaultALPN SVCBKey = 2
	SVCBPort          SVCBKey = 3
	SVCBIPv4Hint      SVCBKey = 4
	SVCBECH           SVCBKey = 5
	SVCBIPv6Hint      SVCBKey = 6
)

// SVCB returns the content of an SVCB or HTTPS record. A record with a malformed parameter is
// malformed (RFC 9460, section 2.2). The caller must not use an endpoint that has a key it does not
// know in [SVCB.Mandatory].
func (r Record) SVCB() (SVCB, bool) {
	if r.Type != TypeSVCB && r.Type != TypeHTTPS || len(r.Data) < 2 {
		return SVCB{}, false
	}
	wire, params, ok := cutName(r.Data[2:])
	if !ok || !validParams(params) {
		return SVCB{}, false
	}
	target, ok := wholeName(wire)
	return SVCB{Priority: uint16At(r.Data, 0), Target: target, params: params}, ok
}

// Params yields the parameters with their values in wire form, in the order of their keys.
func (s SVCB) Params() iter.Seq2[SVCBKey, string] {
	return func(yield func(SVCBKey, string) bool) {
		for rest := s.params; ; {
			key, value, after, ok := cutParam(rest)
			if !ok || !yield(key, value) {
				return
			}
			rest = after
		}
	}
}

// Param returns the value of a parameter in wire form, and whether it is there.
func (s SVCB) Param(key SVCBKey) (string, bool) {
	for k, value := range s.Params() {
		if k == key {
			return value, true
		}
	}
	return "", false
}

// Mandatory yields the keys that a client must know to use the endpoint.
func (s SVCB) Mandatory() iter.Seq[SVCBKey] {
	return func(yield func(SVCBKey) bool) {
		value, _ := s.Param(SVCBMandatory)
		for ; value != ""; value = value[2:] {
			if !yield(SVCBKey(uint16At(value, 0))) {
				return
			}
		}
	}
}

// ALPN yields the protocols besides the default one of the scheme.
func (s SVCB) ALPN() iter.Seq[string] {
	return func(yield func(string) bool) {
		value, _ := s.Param(SVCBALPN)
		for value != "" {
			id, rest, _ := cutString(value)
			if !yield(id) {
				return
			}
			value = rest
		}
	}
}

// NoDefaultALPN reports whether the endpoint does not support the default protocol of the scheme.
func (s SVCB) NoDefaultALPN() bool {
	_, ok := s.Param(SVCBNoDefaultALPN)
	return ok
}

// Port returns the port, and false if it is the default one of the scheme.
func (s SVCB) Port() (uint16, bool) {
	value, ok := s.Param(SVCBPort)
	if !ok {
		return 0, false
	}
	return uint16At(value, 0), true
}

// Hints yields the IPv4 and then the IPv6 addresses that a client may connect to before it knows
// the addresses of Target.
func (s SVCB) Hints() iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		v4, _ := s.Param(SVCBIPv4Hint)
		for ; v4 != ""; v4 = v4[4:] {
			if !yield(netip.AddrFrom4([4]byte([]byte(v4[:4])))) {
				return
			}
		}
		v6, _ := s.Param(SVCBIPv6Hint)
		for ; v6 != ""; v6 = v6[16:] {
			if !yield(netip.AddrFrom16([16]byte([]byte(v6[:16])))) {
				return
			}
		}
	}
}

// ECH returns the ECHConfigList for Encrypted ClientHello, as package crypto/tls takes it.
func (s SVCB) ECH() (string, bool) { return s.Param(SVCBECH) }

func cutParam(data string) (key SVCBKey, value, rest string, ok bool) {
	if len(data) < 4 {
		return 0, "", "", false
	}
	n := 4 + int(uint16At(data, 2))
	if n > len(data) {
		return 0, "", "", false
	}
	return SVCBKey(uint16At(data, 0)), data[4:n], data[n:], true
}

// validParams reports whether params is well-formed (RFC 9460, sections 2.2, 7 and 8).
func validParams(params string) bool {
	s := SVCB{params: params}
	for last := -1; params != ""; {
		key, value, rest, ok := cutParam(params)
		if !ok || int(key) <= last || !validParam(key, value) {
			return false
		}
		last, params = int(key), rest
	}
	previous := SVCBMandatory // which must not be in its own list
	for key := range s.Mandatory() {
		if _, ok := s.Param(key); !ok || key <= previous {
			return false
		}
		previous = key
	}
	_, alpn := s.Param(SVCBALPN)
	return alpn || !s.NoDefaultALPN()
}

func validParam(key SVCBKey, value string) bool {
	switch key {
	case SVCBMandatory:
		return value != "" && len(value)%2 == 0
	case SVCBALPN:
		for rest := value; rest != ""; {
			id, after, ok := cutString(rest)
			if !ok || id == "" {
				return false
			}
			rest = after
		}
		return value != ""
	case SVCBNoDefaultALPN:
		return value == ""
	case SVCBPort:
		return len(value) == 2
	case SVCBIPv4Hint:
		return value != "" && len(value)%4 == 0
	case SVCBIPv6Hint:
		return value != "" && len(value)%16 == 0
	case SVCBECH:
		return value != ""
	}
	return true
}
