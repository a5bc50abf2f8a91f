// Package conformance has one test suite per contract of edgewise: queuetest, streamtest,
// bufstrategytest, resolvetest and schedtest. The implementations of this workspace pass them, and
// so can yours. Give a suite a Target that opens the implementation under test and lists the
// features that it claims.
//
// A case has an identifier, a rule in the words of the contract, and the features that it needs. A
// claimed feature must work. An operation of an unclaimed feature must fail with an error that is
// [errors.ErrUnsupported]. A case has three outcomes: pass, n/a with the missing feature, and
// waived with a reason, for a known deviation. A waiver of a case that passes is a failure.
//
// Every case has been seen to fail. Each suite runs against mutants, which are correct
// implementations with one rule broken. It demands that the case named by each mutant reports it
// and that every case reports at least one mutant. No case may report a control, which is odd but
// legal.
//
// The exported packages import only the standard library and the modules that they test.
package conformance
