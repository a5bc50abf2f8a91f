// Package resolvetest is the conformance suite of package resolve: of a strategy that asks
// somebody, of each decorator, of the host layer, and of the functions that wait.
//
// A target says what it is made of with [Fixture]; the features it claims follow from the parts it
// has, and from [Fixture.Async] and the like. Decorators are tested over a strategy that the suite
// holds in its hands, with a clock of its own, so that nothing depends on timing but deadlines
// themselves.
package resolvetest
