//! Accounts as the command line changes them.
