package reference;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Reference {
    public static void main(String[] arguments) {
        SpringApplication.run(Reference.class, arguments);
    }
}
