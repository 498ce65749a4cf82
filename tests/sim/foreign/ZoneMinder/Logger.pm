# Stands in for ZoneMinder's log: what its control modules complain about goes to the standard error.
package ZoneMinder::Logger;
use strict;
use warnings;
require Exporter;
our @ISA       = qw(Exporter);
our @EXPORT_OK = qw(Debug Info Warning Error Fatal logDebugging);
our %EXPORT_TAGS = ( all => \@EXPORT_OK );
sub Debug        { }
sub Info         { }
sub Warning      { print STDERR "warning: @_\n" }
sub Error        { print STDERR "error: @_\n" }
sub Fatal        { die "fatal: @_\n" }
sub logDebugging { return 0 }
1;
