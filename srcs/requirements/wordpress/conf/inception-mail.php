<?php
/**
 * Plugin Name: Inception mail
 * Description: Sends all mail through the relay of the settings. Without one it says so where WordPress would promise a mail.
 */

defined( 'ABSPATH' ) || exit;

if ( INCEPTION_MAIL ) {
	// Before plugins for mail, which may have a way of their own.
	add_action(
		'phpmailer_init',
		static function ( $mailer ): void {
			$mailer->isSMTP();
			$mailer->Host        = INCEPTION_MAIL['host'];
			$mailer->Port        = INCEPTION_MAIL['port'];
			$mailer->SMTPSecure  = array( 'starttls' => 'tls', 'tls' => 'ssl', 'none' => '' )[ INCEPTION_MAIL['tls'] ];
			$mailer->SMTPAutoTLS = false;
			$mailer->SMTPAuth    = '' !== INCEPTION_MAIL['user'];
			$mailer->Username    = INCEPTION_MAIL['user'];
			$mailer->Password    = INCEPTION_MAIL['password'];
			$mailer->SMTPOptions = array( 'ssl' => array( 'cafile' => '/run/wordpress/ca-bundle.crt' ) );
			// In seconds. A visitor waits for it.
			$mailer->Timeout                      = 10;
			$mailer->getSMTPInstance()->Timelimit = 10;
		},
		0
	);
	// Most relays take no other.
	add_filter( 'wp_mail_from', static fn(): string => INCEPTION_MAIL['sender'] );
}

/**
 * Whether there is a way for mail: the relay, or that of a plugin.
 */
function inception_can_mail(): bool {
	return INCEPTION_MAIL || has_action( 'phpmailer_init' ) || has_filter( 'pre_wp_mail' )
		// Before plugins are loaded it is nobody's.
		|| ( function_exists( 'wp_mail' ) && ABSPATH . WPINC . '/pluggable.php' !== ( new ReflectionFunction( 'wp_mail' ) )->getFileName() );
}

/**
 * Why a mail was not sent, in one line. PHPMailer tells no password.
 */
function inception_mail_reason( WP_Error $error ): string {
	if ( ! inception_can_mail() ) {
		return 'no relay is set (wordpress_mail_host)';
	}
	$reason = trim( preg_replace( '/\s+/', ' ', wp_strip_all_tags( $error->get_error_message() ) ), '. ' );
	// What the kernel says of a connection; a plugin may send mail by other means.
	$mailer = $GLOBALS['phpmailer'] ?? null;
	$cause  = INCEPTION_MAIL && $mailer instanceof PHPMailer\PHPMailer\PHPMailer ? $mailer->getSMTPInstance()->getError()['smtp_code_ex'] : '';
	return '' === $cause ? $reason : "$reason ($cause)";
}

/**
 * Whether a mail of this request was not sent, as far as is known.
 *
 * @param bool $failed Whether one was not, just now.
 */
function inception_mail_failed( bool $failed = false ): bool {
	static $any = false;
	$any        = $any || $failed;
	return $any;
}

add_action(
	'wp_mail_failed',
	static function ( WP_Error $error ): void {
		inception_mail_failed( true );
		error_log( 'Inception: a mail was not sent: ' . inception_mail_reason( $error ) );
	}
);

/*
 * Where WordPress would promise a mail.
 */

/**
 * What is said without a way for mail, instead of a promise.
 */
function inception_no_mail( string $action ): string {
	return 'register' === $action
		? 'This site sends no mail, so nobody can register here: ask its administrator for an account.'
		: 'This site sends no mail: ask its administrator for a new password.';
}

// Nobody gets an account whose password nobody knows.
foreach ( array( 'registration_errors' => 'register', 'lostpassword_errors' => 'lostpassword' ) as $inception_hook => $inception_action ) {
	add_filter( $inception_hook, static fn( $errors ) => inception_can_mail() ? $errors : new WP_Error( 'inception_no_mail', inception_no_mail( $inception_action ) ), PHP_INT_MAX );
}
add_action(
	'login_init',
	static function (): void {
		$action = $GLOBALS['action'] ?? '';
		if ( in_array( $action, array( 'register', 'lostpassword', 'retrievepassword' ), true ) && ! inception_can_mail() ) {
			add_filter( 'login_message', static fn(): string => wp_get_admin_notice( inception_no_mail( $action ), array( 'type' => 'error' ) ), PHP_INT_MAX );
			add_filter( 'gettext', static fn( $shown, $text ) => 'Registration confirmation will be emailed to you.' === $text ? '' : $shown, 10, 2 );
		}
	}
);

// The account is made before its mail is sent.
add_filter( 'wp_redirect', static fn( $address ) => inception_mail_failed() ? str_replace( 'checkemail=registered', 'checkemail=inception_failed', $address ) : $address );
add_filter(
	'wp_login_errors',
	static function ( WP_Error $errors ): WP_Error {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended
		if ( 'inception_failed' === ( $_GET['checkemail'] ?? '' ) ) {
			$errors->add( 'inception_failed', 'Your account was made, but the mail with the link to set its password could not be sent: ask the administrator of this site.' );
		}
		return $errors;
	}
);

// WordPress itself would name the mailbox of the administrator.
add_filter(
	'wp_php_error_message',
	static fn( $message ) => ! is_protected_endpoint() || inception_can_mail() ? $message
		: '<p>There has been a critical error on this website. It sends no mail: the log of the container says what happened, and <code>wp plugin deactivate NAME --skip-plugins</code> switches a plugin off there.</p>'
);
