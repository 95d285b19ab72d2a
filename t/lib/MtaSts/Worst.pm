package MtaSts::Worst;

# The queries that cost the generator most: a name and the query.

use strict;
use warnings;

my $mx = 'domain=example.com&mode=enforce';

# a text that is repeated up to the limit of a form, or of nginx

sub full { return substr $_[0] . $_[1] x 8192, 0, $_[2] // 1800 }

my $sixteen = join '+', map { "mx$_.example.com" } 1 .. 16;
my @long = map { my $n = $_; join '.', map { $_ x 30 . $n } 2 .. 4 } 10 .. 25;
my $rua = 'tlsrpt_rua=';

our @QUERIES = (
    ['empty form', ''],
    ['one domain', "$mx&mx=mail.example.com&${rua}mailto:tls\@example.com"],
    ['16 mx, 3 reports', "$mx&mx=$sixteen&$rua"
     . join '+', map { "tls$_\@example.com" } 1 .. 3],
    ['16 long mx', "$mx&mx=" . join '+', @long],
    ['IDN', 'domain=%C3%BC.example&mode=enforce&mx='
     . join '+', map { "%C3%BC$_.example" } 1 .. 2],
    ['16 IDN mx', "$mx&mx=" . join '+', map { "%C3%BC$_.example" } 1 .. 16],
    ['16 xn-- mx', "$mx&mx=" . join '+', map { "xn--bcher-kva.a$_" } 1 .. 16],
    ['same mx', full("$mx&mx=a", '+a')],
    ['16 times one mx', full("$mx&mx=a", '+a', length("$mx&mx=a") + 30)],
    ['16 warnings', "$mx&max_age=1&mx=" . join '+', map { "mta-sts.m$_" }
     1 .. 16],
    ['16 fields', full($mx, '&mx=a', length($mx) + 16 * 5)],
    ['64 fields', full($mx, '&mx=', length($mx) + 62 * 4)],
    ['more fields', full($mx, '&mx=')],
    ['numbers', full("$mx&mx=", '1+')],
    ['lines', full("$mx&mx=", '%0A')],
    ['wrong mx', full("$mx&mx=_", '+_')],
    ['long IDN', full('domain=', '%C3%BC.')],
    ['3 long reports', "$mx&mx=a&$rua" . join '+',
     map { "mailto:a\@a?$_" . "'" x 85 } 1 .. 3],
    ['3 reports to encode', "$mx&mx=a&$rua" . join '+',
     map { "mailto:a\@a?$_" . '%253B' x 28 } 1 .. 3],
    ['long report', full("$mx&mx=a&${rua}mailto:a\@a?", "'")],
    ['to escape', full('domain=', '"')],
    ['to escape twice', full('domain=', '"', 900) . full('&mx=', '"', 900)],
    ['other field', full("$mx&x=", 'x')],
    ['control character', full("$mx&mx=", '%01')],
    ['too long', full("$mx&mx=a", 'a', 8150)],
    ['too long, empty', full($mx, '&', 8150)],
    ['JSON', "$mx&mx=mail.example.com&format=json"],
    ['16 mx, JSON', "$mx&format=json&mx=$sixteen"],
    ['policy', "$mx&mx=$sixteen&format=policy"],
    (map { [$_, "$mx&mx=$sixteen&format=$_&$rua" . join '+', map {
         "mailto:a\@a?$_" . "'" x 85 } 1 .. 3] }
     qw(zone nsupdate powerdns octodns dnscontrol external-dns
        terraform-route53 terraform-cloudflare text)),
);


1;
