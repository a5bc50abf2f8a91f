// Package dns measures what lookups of names cost: in package resolve, in package net and in the C
// libraries, and which strategy of package resolve suits which load.
package dns
