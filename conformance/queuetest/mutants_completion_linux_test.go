package queuetest

import "github.com/edgewise-go/edgewise/conformance/internal/suite"

// completionMutants returns the mutants of a Completer.
func completionMutants() []suite.Mutant[*Fixture] {
	var mutants []suite.Mutant[*Fixture]
	for _, group := range [][]completionMutant{
		transferMutants(), connectionMutants(), notionMutants(), cancelMutants(), onceMutants(), chainMutants(), submitMutants(), turnMutants(),
		bufferMutants(), bulkMutants(), endMutants(),
	} {
		for _, m := range group {
			name := "completion: " + m.name
			mutants = append(mutants, suite.Mutant[*Fixture]{Name: name, Target: mutateCompletion(name, m.change), Detects: m.detects})
		}
	}
	return mutants
}
