package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// checkHeaders applies the rule "header": a statement in the header of an if or switch
// must not assign to an outer variable, and must declare a variable that the condition,
// the tag or a case reads.
func checkHeaders(file source, report reporter) {
	ast.Inspect(file.tree, func(node ast.Node) bool {
		init, readers := header(node)
		if init == nil {
			return true
		}
		assignment, ok := init.(*ast.AssignStmt)
		if !ok || assignment.Tok != token.DEFINE {
			report(init.Pos(), "the statement in the header declares no variable: move it above the header")
			return true
		}
		isRead := func(left ast.Expr) bool { return mentions(readers, left) }
		if !slices.ContainsFunc(assignment.Lhs, isRead) {
			report(init.Pos(), "the condition reads no variable of this statement: "+
				"move the statement above it")
		}
		return true
	})
}

// header returns the statement in the header of an if or switch, and the expressions that
// select the branch. The statement is nil if the header contains no statement.
func header(node ast.Node) (init ast.Stmt, readers []ast.Expr) {
	switch node := node.(type) {
	case *ast.IfStmt:
		return node.Init, []ast.Expr{node.Cond}
	case *ast.SwitchStmt:
		if node.Tag != nil {
			readers = append(readers, node.Tag)
		}
		for _, clause := range node.Body.List {
			if clause, ok := clause.(*ast.CaseClause); ok {
				readers = append(readers, clause.List...)
			}
		}
		return node.Init, readers
	case *ast.TypeSwitchStmt:
		return node.Init, typeSwitchReaders(node)
	}
	return nil, nil
}

// typeSwitchReaders returns the expression whose type a type switch inspects.
func typeSwitchReaders(node *ast.TypeSwitchStmt) []ast.Expr {
	switch guard := node.Assign.(type) {
	case *ast.AssignStmt:
		return guard.Rhs
	case *ast.ExprStmt:
		return []ast.Expr{guard.X}
	}
	return nil
}

// mentions reports whether the variable occurs in one of the expressions.
func mentions(expressions []ast.Expr, variable ast.Expr) bool {
	name, ok := variable.(*ast.Ident)
	if !ok || name.Name == "_" {
		return false
	}
	found := false
	for _, expression := range expressions {
		ast.Inspect(expression, func(node ast.Node) bool {
			identifier, ok := node.(*ast.Ident)
			found = found || ok && identifier.Name == name.Name
			return !found
		})
	}
	return found
}

// checkValues applies the rule "values": an assignment or declaration must have only one
// value on its right-hand side. Exceptions are a swap, the header of a loop, and the
// header of an if whose condition reads every variable that the header declares (`if got,
// want := f(), g(); got != want`).
func checkValues(file source, report reporter) {
	allowed := map[ast.Stmt]bool{}
	ast.Inspect(file.tree, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ForStmt:
			allowed[node.Init] = true
			allowed[node.Post] = true
		case *ast.IfStmt:
			allowed[node.Init] = comparesAll(node)
		case *ast.AssignStmt:
			if len(node.Rhs) > 1 && !allowed[node] && !isSwap(node) {
				report(node.Pos(), "the assignment has several values: write one assignment per line")
			}
		case *ast.ValueSpec:
			if len(node.Values) > 1 {
				report(node.Pos(), "the declaration has several values: write one declaration per line")
			}
		}
		return true
	})
}

// comparesAll reports whether the condition reads every variable that the header
// declares.
func comparesAll(node *ast.IfStmt) bool {
	assignment, ok := node.Init.(*ast.AssignStmt)
	if !ok {
		return false
	}
	for _, left := range assignment.Lhs {
		if !mentions([]ast.Expr{node.Cond}, left) {
			return false
		}
	}
	return true
}

// isSwap reports whether the two sides of the assignment contain the same expressions, in
// any order.
func isSwap(assignment *ast.AssignStmt) bool {
	return slices.Equal(sortedTexts(assignment.Lhs), sortedTexts(assignment.Rhs))
}

// sortedTexts returns the expressions as sorted source text.
func sortedTexts(expressions []ast.Expr) []string {
	texts := make([]string, 0, len(expressions))
	for _, expression := range expressions {
		texts = append(texts, types.ExprString(expression))
	}
	slices.Sort(texts)
	return texts
}

// checkAppends applies the rule "append": no argument of append may contain an append,
// except in a function literal.
func checkAppends(file source, report reporter) {
	ast.Inspect(file.tree, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || !isAppend(call) {
			return true
		}
		for _, argument := range call.Args {
			ast.Inspect(argument, func(node ast.Node) bool {
				if _, ok := node.(*ast.FuncLit); ok {
					return false
				}
				inner, ok := node.(*ast.CallExpr)
				if ok && isAppend(inner) {
					report(inner.Pos(), "an append contains another append: "+
						"use two statements, or slices.Concat")
					return false
				}
				return true
			})
		}
		return true
	})
}

// isAppend reports whether the call is a call of append.
func isAppend(call *ast.CallExpr) bool {
	name, ok := call.Fun.(*ast.Ident)
	return ok && name.Name == "append"
}

// checkStatements applies the rule "statement": a statement must not begin on the line on
// which the previous statement of the same block ends.
func checkStatements(file source, report reporter) {
	ast.Inspect(file.tree, func(node ast.Node) bool {
		statements := statementsOf(node)
		for i := 1; i < len(statements); i++ {
			end := file.set.Position(statements[i-1].End()).Line
			if file.set.Position(statements[i].Pos()).Line == end {
				report(statements[i].Pos(), "the line has several statements: write one statement per line")
			}
		}
		return true
	})
}

// statementsOf returns the statements of a block or a case.
func statementsOf(node ast.Node) []ast.Stmt {
	switch node := node.(type) {
	case *ast.BlockStmt:
		return node.List
	case *ast.CaseClause:
		return node.Body
	case *ast.CommClause:
		return node.Body
	}
	return nil
}
