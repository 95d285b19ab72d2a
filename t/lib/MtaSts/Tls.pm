package MtaSts::Tls;

# TLS handshakes with a test's nginx, and what came of them.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::SSL;
use MtaSts;
use Net::SSLeay;

our @EXPORT = qw(serial_of file_serial handshake);


# A handshake with port $n of an instance: the socket, or undef with the reason
# in $IO::Socket::SSL::SSL_ERROR.  Options are those of IO::Socket::SSL; the
# certificate is not verified.

sub handshake {
    my ($nginx, $n, $sni, %opt) = @_;

    return IO::Socket::SSL->new(PeerAddr => '127.0.0.1:' . $nginx->port($n),
        SSL_hostname => $sni, SSL_verify_mode => SSL_VERIFY_NONE,
        Timeout => $MtaSts::PATIENCE, map { ("SSL_$_" => $opt{$_}) } keys %opt);
}


# The serial number of the certificate that a name gets, or why it gets none.

sub serial_of {
    my ($nginx, $n, $sni, %opt) = @_;
    my $sock = handshake($nginx, $n, $sni, %opt)
        or return "TLS: $IO::Socket::SSL::SSL_ERROR";

    return serial($sock->peer_certificate);
}


# That of the first certificate in a file.

sub file_serial {
    my ($file) = @_;
    my $bio = Net::SSLeay::BIO_new_file($file, 'r') or die "$file: $!";
    my $cert = Net::SSLeay::PEM_read_bio_X509($bio);
    my $serial = serial($cert);

    Net::SSLeay::X509_free($cert);
    Net::SSLeay::BIO_free($bio);

    return $serial;
}


sub serial {
    return Net::SSLeay::P_ASN1_INTEGER_get_hex(
        Net::SSLeay::X509_get_serialNumber($_[0]));
}


1;
