package drift_test

import (
	"slices"
	"strings"
	"testing"
)

// mutated is a policy mutation with its patches. The tests apply the patches to a
// parsed contract, because parsing each of thousands of changed contracts would be slow.
type mutated struct {
	policyMutation
	patches []patch
}

// patch sets or removes the value at a path.
type patch struct {
	path    []string
	value   any
	removed bool
}

// patches returns the patches that turn the document `old` into the document `now`.
func patches(old, now document, path []string) []patch {
	var list []patch
	for name, value := range now {
		inside := slices.Concat(path, []string{name})
		before := asDocument(old[name])
		after := asDocument(value)
		switch {
		case before != nil && after != nil:
			list = append(list, patches(before, after, inside)...)
		case len(differencePointers("", old[name], value)) > 0:
			list = append(list, patch{path: inside, value: value})
		}
	}
	for name := range old {
		if _, found := now[name]; !found {
			list = append(list, patch{path: slices.Concat(path, []string{name}), removed: true})
		}
	}
	return list
}

// mutations returns the policy mutations that have the given verdict.
func mutations(t *testing.T, contract string, v verdict) []mutated {
	t.Helper()
	base := bare(t, contract)
	var list []mutated
	for _, m := range policyMutations {
		if m.verdict == v {
			changed := bare(t, edit(t, contract, m.after, m.old, m.new))
			list = append(list, mutated{policyMutation: m, patches: patches(base, changed, nil)})
		}
	}
	return list
}

// together returns a copy of a document with several mutations applied. It returns false
// if two of the mutations change the same value, or if a mutation changes a value inside
// a value that a different mutation changes.
func together(base document, all ...mutated) (document, bool) {
	changed, _ := deepCopy(base).(document)
	var paths []string
	for _, m := range all {
		for _, p := range m.patches {
			path := strings.Join(p.path, "\n") + "\n"
			overlaps := func(other string) bool {
				return strings.HasPrefix(path, other) || strings.HasPrefix(other, path)
			}
			if slices.ContainsFunc(paths, overlaps) {
				return nil, false
			}
			paths = append(paths, path)
			last := len(p.path) - 1
			parent := at(changed, p.path[:last]...)
			if p.removed {
				delete(parent, p.path[last])
			} else {
				parent[p.path[last]] = deepCopy(p.value)
			}
		}
	}
	return changed, true
}

func deepCopy(value any) any {
	switch value := value.(type) {
	case document:
		copied := make(document, len(value))
		for name, inner := range value {
			copied[name] = deepCopy(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = deepCopy(item)
		}
		return copied
	}
	return value
}

// TestSubtractionRemovesCompatibleChanges requires that the subtraction leaves no
// difference after any compatible change, or after any two compatible changes that do not
// overlap.
func TestSubtractionRemovesCompatibleChanges(t *testing.T) {
	t.Parallel()
	withoutRaceDetector(t)
	contract := readContract(t)
	base := bare(t, contract)
	allowed := mutations(t, contract, compatible)
	for i, first := range allowed {
		changed := bare(t, edit(t, contract, first.after, first.old, first.new))
		if left := unexplained(base, changed); len(left) > 0 {
			t.Errorf("after the change %q, the differences %q remain, want none", first.name, left)
		}
		for _, second := range allowed[i+1:] {
			changed, ok := together(base, first, second)
			if !ok {
				continue
			}
			if left := unexplained(base, changed); len(left) > 0 {
				t.Errorf("after the changes %q and %q, the differences %q remain, want none",
					first.name, second.name, left)
			}
		}
	}
}

// TestSubtractionKeepsIncompatibleChanges requires that the subtraction leaves a
// difference after each incompatible change, whether alone or together with one or two
// compatible changes. It tries every combination whose changes do not overlap.
func TestSubtractionKeepsIncompatibleChanges(t *testing.T) {
	t.Parallel()
	withoutRaceDetector(t)
	contract := readContract(t)
	base := bare(t, contract)
	allowed := mutations(t, contract, compatible)
	for _, forbidden := range mutations(t, contract, incompatible) {
		t.Run(forbidden.name, func(t *testing.T) {
			t.Parallel()
			remains := func(all ...mutated) bool {
				changed, ok := together(base, all...)
				if ok && len(unexplained(base, changed)) == 0 {
					t.Errorf("the subtraction left no difference after the changes %q, want at least one",
						names(all))
				}
				return ok
			}
			remains(forbidden)
			pairs := 0
			for i, first := range allowed {
				if !remains(forbidden, first) {
					continue
				}
				pairs++
				for _, second := range allowed[i+1:] {
					remains(forbidden, first, second)
				}
			}
			if pairs < len(allowed)*3/4 {
				t.Errorf("only %d of %d compatible changes can be combined with this change, "+
					"want at least three quarters",
					pairs, len(allowed))
			}
		})
	}
}

func names(all []mutated) []string {
	var list []string
	for _, m := range all {
		list = append(list, m.name)
	}
	return list
}
