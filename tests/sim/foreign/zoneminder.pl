# Runs acts of one of ZoneMinder's own control modules: perl zoneminder.pl PelcoD PORT ADDRESS ACT...
# An act is a method, with parameters behind commas: moveConRight,panspeed=32 ; wait,ms=300 pauses.
use strict;
use warnings;
use Time::HiRes qw(usleep);

my ( $module, $port, $address, @acts ) = @ARGV;
my $class = "ZoneMinder::Control::$module";
eval "require $class; 1" or die $@;
my $control = $class->new(
    ControlDevice   => $port,
    ControlAddress  => $address,
    AutoStopTimeout => 0,
);
$control->open();
for my $act (@acts) {
    my ( $name, @rest ) = split /,/, $act;
    my %params = map { split /=/, $_, 2 } @rest;
    if ( $name eq 'wait' ) {
        usleep( $params{ms} * 1000 );
        next;
    }
    $control->$name( \%params );
}
usleep(200_000);
$control->close();
