# Stands in for the parent of ZoneMinder's control modules: the monitor comes from the command line.
package ZoneMinder::Control;
use strict;
use warnings;

sub new {
    my ( $class, %monitor ) = @_;
    return bless { Monitor => {%monitor} }, $class;
}

sub loadMonitor { }

sub getParam {
    my ( $self, $params, $name, $default ) = @_;
    return $params->{$name} if defined $params->{$name};
    return $default         if defined $default;
    die "no parameter $name\n";
}

1;
