package MtaSts::Reports;

# TLS reports (RFC 8460) that tests make: as JSON, packed, and as a mail whose
# signature a server has checked.  A state for them, what a command does to it,
# and what its summary says.

use strict;
use warnings;

use Exporter 'import';
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip);
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use MtaSts;
use POSIX qw(strftime);
use Test::More;

our @EXPORT = qw(report mail zipped);
our @EXPORT_OK = qw(reports_dir state_dir add summary sessions);
our %EXPORT_TAGS = (all => [@EXPORT, @EXPORT_OK]);

use constant DAY => 86400;

my $number = 0;
my $dir;


# A directory with a configuration, of example.com and example.net, and states.

sub reports_dir {
    $dir = tempdir(CLEANUP => 1);
    spew("$dir/domains.yaml", "mode: enforce\nmx: mx.example.com\n"
         . "domains:\n  example.com: {}\n  example.net: {}\n");
    return $dir;
}

sub state_dir {
    my $state = "$dir/state" . ++$number;
    mkdir $state;
    return $state;
}

sub add {
    my ($state, @args) = @_;
    my @in = ref $args[0] ? shift @args : ();
    return helper(@in, 'reports', 'add', '-d', "$dir/domains.yaml", '--state',
                  $state, @args);
}

sub summary {
    my ($state, @args) = @_;
    my ($rc, $out, $err) = helper('reports', '--state', $state, '-f', 'json',
                                  @args);
    is("$rc$err", 0, 'a summary');
    return decode_json($out);
}

sub sessions {
    my ($summary, $domain) = @_;
    my ($of) = grep { ($_->{domain} // '') eq $domain } @{ $summary->{domains} };
    return join '; ', map { sprintf '%s%s %d/%d of %d', $_->{type},
                            $_->{verified} ? ' verified' : '', @$_{qw(good
                            failed reports)} } @{ $of->{sessions} };
}


# A report that ended some days before the test began, with one policy for each domain:
# days of reports differ by as much, also at midnight.

sub report {
    my (%is) = @_;
    my $end = $^T - ($is{ago} // 0) * DAY;
    my ($from, $to) = map { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_) }
                      $end - DAY, $end;
    return encode_json({
        'organization-name' => $is{organization} // 'Sender',
        'contact-info' => 'x', 'report-id' => $is{id} // 'r' . ++$number,
        'date-range' => { 'start-datetime' => $from, 'end-datetime' => $to },
        policies => [map { {
            policy => { 'policy-type' => $is{type} // 'sts',
                        'policy-domain' => $_ },
            summary => { 'total-successful-session-count' => $is{good} // 1,
                         'total-failure-session-count' => $is{failed} // 0 },
            'failure-details' => [map { {
                'result-type' => $_, 'failed-session-count' => $is{failed},
                'receiving-mx-hostname' => $is{mx} // 'mx.example.com' } }
                @{ $is{results} // [] }],
        } } @{ $is{domains} // ['example.com'] }],
    });
}


sub zipped {
    my ($text) = @_;
    gzip(\$text, \my $packed);
    return $packed;
}


sub mail {
    my ($report, %is) = @_;
    my $auth = $is{auth} // 'mx.example.com; dkim=pass header.d=sender.example';
    return join "\n", "Authentication-Results: $auth",
        "From: x\@sender.example", 'MIME-Version: 1.0',
        'Content-Type: application/tlsrpt+gzip',
        'Content-Transfer-Encoding: base64', '',
        encode_base64(zipped($report));
}


1;
