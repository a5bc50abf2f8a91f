// Package bufstrategy is being laid out.
package bufstrategy
