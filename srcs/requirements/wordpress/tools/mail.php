<?php
/**
 * Sends a test mail: mail.php ADDRESS. Run as www-data.
 */

require '/var/www/html/wp-load.php';

$address = $argv[1] ?? '';
if ( ! is_email( $address ) ) {
	fwrite( STDERR, "\"$address\" is no mail address: make mail TO=somebody@example.org\n" );
	exit( 2 );
}
$reason = 'WordPress does not say why';
add_action(
	'wp_mail_failed',
	static function ( WP_Error $error ) use ( &$reason ): void {
		$reason = inception_mail_reason( $error );
	}
);
$title = wp_specialchars_decode( (string) get_option( 'blogname' ), ENT_QUOTES );
if ( ! wp_mail( $address, "[$title] Test", 'This mail shows that ' . WP_HOME . " can send mail.\n" ) ) {
	fwrite( STDERR, "The mail to $address was not sent: $reason.\n" );
	exit( 1 );
}
echo "The mail to $address was handed over", INCEPTION_MAIL ? ' to ' . INCEPTION_MAIL['host'] . ':' . INCEPTION_MAIL['port'] : '', ".\n";
