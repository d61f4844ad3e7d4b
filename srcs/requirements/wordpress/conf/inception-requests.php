<?php
/**
 * Plugin Name: Inception requests
 * Description: Leads requests to the site itself to the container of NGINX, and waits for no host that cannot be reached.
 */

defined( 'ABSPATH' ) || exit;

/*
 * Requests to the site itself (loopback, REST, Site Health).
 */

// The certificate is signed by a local authority. The bundle holds it and all public ones.
add_filter(
	'http_request_args',
	static function ( array $args ): array {
		if ( is_readable( '/run/wordpress/ca-bundle.crt' ) ) {
			$args['sslcertificates'] = '/run/wordpress/ca-bundle.crt';
		}
		return $args;
	}
);

// Between the containers NGINX listens on its own port, whatever port the host publishes, and the
// site's address has to lead there.
add_action(
	'http_api_curl',
	static function ( $handle, array $args, string $url ): void {
		$host = (string) wp_parse_url( $url, PHP_URL_HOST );
		if ( INCEPTION_DOMAIN === $host ) {
			curl_setopt(
				$handle,
				CURLOPT_CONNECT_TO,
				array( INCEPTION_DOMAIN . ':' . INCEPTION_HTTPS_PORT . ':' . INCEPTION_DOMAIN . ':' . INCEPTION_NGINX_PORT )
			);
		} else {
			curl_setopt( $handle, CURLOPT_CONNECTTIMEOUT_MS, wp_doing_cron() ? 10000 : 2000 );
		}
	},
	10,
	3
);

/*
 * Requests to the outside. Where there is no internet, the dashboard would wait for each update
 * check again. A host that could not be reached is left alone for ten minutes.
 */

/**
 * The name under which it is remembered that a host cannot be reached, or nothing for our own.
 */
function inception_outage_key( string $url ): string {
	$host = (string) wp_parse_url( $url, PHP_URL_HOST );
	if ( '' === $host || INCEPTION_DOMAIN === $host ) {
		return '';
	}
	return 'inception_unreachable_' . md5( $host );
}

add_filter(
	'pre_http_request',
	static function ( $response, array $args, string $url ) {
		$key = inception_outage_key( $url );
		// Somebody who presses "check again" really wants to know.
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended
		if ( false !== $response || '' === $key || isset( $_GET['force-check'] ) ) {
			return $response;
		}
		$reason = get_transient( $key );
		return $reason ? new WP_Error( 'http_request_failed', "$reason (not tried again for a few minutes)" ) : $response;
	},
	10,
	3
);

add_action(
	'http_api_debug',
	static function ( $response, $context, $transport, $args, string $url ): void {
		$key = inception_outage_key( $url );
		if ( '' !== $key && is_wp_error( $response ) && 'http_request_failed' === $response->get_error_code()
			&& preg_match( '/cURL error (6|7|28|35|52|56|60):/', $response->get_error_message() ) ) {
			set_transient( $key, $response->get_error_message(), 10 * MINUTE_IN_SECONDS );
		}
	},
	10,
	5
);
