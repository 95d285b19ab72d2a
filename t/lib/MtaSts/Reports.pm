package MtaSts::Reports;

# TLS reports (RFC 8460) that tests make: as JSON, packed, and as a mail whose
# signature a server has checked.

use strict;
use warnings;

use Exporter 'import';
use IO::Compress::Gzip qw(gzip);
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);

our @EXPORT = qw(report mail zipped);

use constant DAY => 86400;

my $number = 0;


# A report that ended some days ago, with one policy for each domain.

sub report {
    my (%is) = @_;
    my $end = time - ($is{ago} // 0) * DAY;
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
