package drift_test

import (
	"slices"
	"strings"
	"testing"
)

// mutated is a policy mutation as differences between documents. So thousands of
// combinations can be judged without parsing a document for each.
type mutated struct {
	policyMutation
	patches []patch
}

// patch replaces the value at the end of a path, or removes it.
type patch struct {
	path    []string
	value   any
	removed bool
}

// patches are the differences between two documents.
func patches(old, now document, path []string) []patch {
	var list []patch
	for name, value := range now {
		inside := slices.Concat(path, []string{name})
		before := asDocument(old[name])
		after := asDocument(value)
		switch {
		case before != nil && after != nil:
			list = append(list, patches(before, after, inside)...)
		case len(placesOfDifferences("", old[name], value)) > 0:
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

// mutations returns the policy mutations with a verdict.
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

// together applies several mutations. It reports false if two of them change the same
// place.
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

// TestCompatibleChangesLeaveNothing: a compatible change leaves no difference, alone and
// together with another compatible change.
func TestCompatibleChangesLeaveNothing(t *testing.T) {
	t.Parallel()
	contract := readContract(t)
	base := bare(t, contract)
	allowed := mutations(t, contract, compatible)
	for i, first := range allowed {
		changed := bare(t, edit(t, contract, first.after, first.old, first.new))
		if left := unexplained(base, changed); len(left) > 0 {
			t.Errorf("%s: %q is left", first.name, left)
		}
		for _, second := range allowed[i+1:] {
			changed, ok := together(base, first, second)
			if !ok {
				continue
			}
			if left := unexplained(base, changed); len(left) > 0 {
				t.Errorf("%s and %s: %q is left", first.name, second.name, left)
			}
		}
	}
}

// TestIncompatibleChangesAreLeft: an incompatible change leaves a difference, alone and
// together with one or two compatible changes, in every combination that does not change
// one place twice.
func TestIncompatibleChangesAreLeft(t *testing.T) {
	t.Parallel()
	withoutRaceDetector(t)
	contract := readContract(t)
	base := bare(t, contract)
	allowed := mutations(t, contract, compatible)
	for _, forbidden := range mutations(t, contract, incompatible) {
		t.Run(forbidden.name, func(t *testing.T) {
			t.Parallel()
			isLeft := func(all ...mutated) bool {
				changed, ok := together(base, all...)
				if ok && len(unexplained(base, changed)) == 0 {
					t.Errorf("nothing is left of %q", names(all))
				}
				return ok
			}
			isLeft(forbidden)
			pairs := 0
			for i, first := range allowed {
				if !isLeft(forbidden, first) {
					continue
				}
				pairs++
				for _, second := range allowed[i+1:] {
					isLeft(forbidden, first, second)
				}
			}
			if pairs < len(allowed)*3/4 {
				t.Errorf("only %d of %d compatible changes can come together with it", pairs, len(allowed))
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
