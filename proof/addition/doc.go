// Package addition measures what it takes to add to the contract. In a copy of the
// repository it adds one operation and one field, and then follows the findings of
// `make contract`, each with an edit that is prepared here.
package addition
