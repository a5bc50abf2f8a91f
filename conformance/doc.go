// Package conformance has one test suite for each contract of edgewise: queuetest, streamtest,
// bufstrategytest, resolvetest and schedtest. The implementations of this workspace pass them, and
// so can yours: give a suite a Target that opens what is to be tested and says which features it
// claims.
//
// A case has an identifier, the rule that it enforces, in the words of the contract, and the
// features that it needs. What is claimed must hold; what is not claimed must be refused with an
// error that is [errors.ErrUnsupported]. Three outcomes exist: pass, n/a with the missing feature,
// and waived with a reason, for a deviation that is known; a waiver of a case that passes is a
// failure.
//
// Every case has been seen to fail. Each suite is run against mutants, correct implementations with
// one rule broken, and demands that each is reported by exactly the cases that it names, that no
// case is left which nothing trips, and that what is odd but legal is not reported at all.
//
// The exported packages import nothing but the standard library and the modules that they test.
package conformance
