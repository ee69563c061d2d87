//! Whole-system tests: drivers + ntsim + xensim.

