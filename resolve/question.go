package resolve

import "fmt"

// Type is the type of a resource record (RFC 1035, section 3.2.2, and the IANA registry).
type Type uint16

// The types that the strategies of this package answer.
const (
	TypeA    Type = 1
	TypeAAAA Type = 28
)

func (t Type) String() string {
	switch t {
	case TypeA:
		return "A"
	case TypeAAAA:
		return "AAAA"
	}
	return fmt.Sprintf("TYPE%d", uint16(t)) // RFC 3597
}

// holdsAddrs reports whether records of the type are addresses.
func (t Type) holdsAddrs() bool { return t == TypeA || t == TypeAAAA }

// Class is the class of a resource record. [ClassINET] is the only one in use.
type Class uint16

// ClassINET is the Internet class.
const ClassINET Class = 1

// Question is the name, type and class that a strategy answers. It is comparable: equal questions
// have equal answers.
//
// The name is absolute. No strategy of this package applies a search list.
type Question struct {
	Name  Name
	Type  Type
	Class Class
}

// NewQuestion parses name as [ParseName] does and asks for type t in class [ClassINET].
func NewQuestion(name string, t Type) (Question, error) {
	n, err := ParseName(name)
	if err != nil {
		return Question{}, err
	}
	return Question{Name: n, Type: t, Class: ClassINET}, nil
}

func (q Question) String() string {
	if q.Class == ClassINET {
		return q.Type.String() + " " + q.Name.String()
	}
	return fmt.Sprintf("CLASS%d %v %v", uint16(q.Class), q.Type, q.Name)
}
